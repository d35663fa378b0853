import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { Audit } from '../../shared/audit/index.js';
import { type Caller, CurrentCaller, RequireScope } from '../../shared/auth/index.js';
import { NotFound } from '../../shared/errors/index.js';
import { Subscribers } from '../../shared/events/index.js';
import { KeysetCursor, PageQuery, pageOf } from '../../shared/http/index.js';
import { Acknowledge, Acknowledged, SubscriberPage, SubscriberView } from './subscriber.dto.js';

const BY_NAME = new KeysetCursor('name', ['text']);

/**
 * Named subscribers, whose cursors are kept here. A stream with `subscriber` opens one; it belongs to who made it, and
 * an admin may act for the owner. The scope is that of reading: what is changed is the reader's own place.
 */
@Controller('v1/subscribers')
@RequireScope('events:read')
export class SubscribersController {
  constructor(private readonly subscribers: Subscribers) {}

  /** The caller's subscribers with their lag, by name; an admin sees those of the tenant. */
  @Get()
  async list(@CurrentCaller() caller: Caller, @Query() { after, limit }: PageQuery): Promise<SubscriberPage> {
    const name = BY_NAME.decode(after)?.[0];
    const found = await this.subscribers.list(caller, {
      limit: limit + 1,
      ...(typeof name === 'string' && { after: name }),
    });
    const views = found.map((subscriber) => SubscriberView.of(caller.tenantId, subscriber));
    return pageOf(views, limit, (last) => BY_NAME.encode([last.name]));
  }

  @Get(':name')
  async get(@CurrentCaller() caller: Caller, @Param('name') name: string): Promise<SubscriberView> {
    return SubscriberView.of(caller.tenantId, await this.subscribers.get(caller, name));
  }

  /** Forgets a subscriber and its cursors; a stream that has it open ends. */
  @Delete(':name')
  @HttpCode(204)
  async delete(@CurrentCaller() caller: Caller, @Param('name') name: string): Promise<void> {
    await this.subscribers.delete(caller, name);
  }

  /** Says that events were dealt with. It can be repeated, and overtaken by a later one: a cursor never goes back. */
  @Post(':name/ack')
  @HttpCode(200)
  @Audit('never')
  async acknowledge(
    @CurrentCaller() caller: Caller,
    @Param('name') name: string,
    @Body() { feeds, epoch }: Acknowledge,
  ): Promise<Acknowledged> {
    const { tenantId } = caller;
    const acks = feeds.map(({ workspaceId = tenantId, seq }) => ({ feedId: workspaceId, seq }));
    if (feeds.some(({ workspaceId }) => workspaceId === tenantId)) throw new NotFound('workspace', tenantId);
    const answers = await this.subscribers.ack(caller, name, acks, epoch);
    return {
      feeds: answers.map(({ feedId, seq }) => ({ ...(feedId !== tenantId && { workspaceId: feedId }), seq })),
    };
  }
}
