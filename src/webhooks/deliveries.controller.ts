import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { type Caller, CurrentCaller, RequireScope } from '../shared/auth/index.js';
import { IdParam } from '../shared/http/index.js';
import { IdempotentByHand } from '../shared/idempotency/index.js';
import { DeliveriesService } from './deliveries.service.js';
import { DeliveryPage, DeliveryView, ListDeliveries, RedriveDead, Redriven, TestResult } from './delivery.dto.js';

@Controller('v1/webhooks/:id')
@RequireScope('webhooks:write')
export class DeliveriesController {
  constructor(private readonly deliveries: DeliveriesService) {}

  /** What was sent to an endpoint or waits to be, newest first. */
  @Get('deliveries')
  @RequireScope('webhooks:read')
  async list(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Query() query: ListDeliveries,
  ): Promise<DeliveryPage> {
    const page = await this.deliveries.list(caller, id, query);
    return { ...page, items: page.items.map(DeliveryView.of) };
  }

  /** Sends again what was delivered or is dead. */
  @Post('deliveries/:deliveryId/redrive')
  @HttpCode(200)
  async redrive(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @IdParam('deliveryId') deliveryId: string,
  ): Promise<DeliveryView> {
    return DeliveryView.of(await this.deliveries.redrive(caller, id, deliveryId));
  }

  /** Sends the dead again in their order, the oldest thousand of them. */
  @Post('redrive')
  @HttpCode(200)
  redriveDead(@CurrentCaller() caller: Caller, @IdParam() id: string, @Body() body: RedriveDead): Promise<Redriven> {
    return this.deliveries.redriveDead(caller, id, body);
  }

  /** Sends an event of type `webhook.test` now, and answers what came of it. It does not stand in the log. */
  @Post('test')
  @HttpCode(200)
  // Run again by a repeat: inside a transaction that keeps the answer it would hold a connection for as long as it takes.
  @IdempotentByHand()
  async test(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<TestResult> {
    const { attempt, failure } = await this.deliveries.test(caller, id);
    return { delivered: failure === undefined, ...attempt };
  }
}
