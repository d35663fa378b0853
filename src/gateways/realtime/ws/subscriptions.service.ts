import { Inject, Injectable } from '@nestjs/common';
import { grants, MissingScope } from '../../../shared/auth/index.js';
import { InvalidInput, type JsonObject, type JsonValue, NotFound } from '../../../shared/errors/index.js';
import { LiveFeeds, type OpenedSubscriber, Subscribers } from '../../../shared/events/index.js';
import { NodeStopping, validated } from '../../../shared/http/index.js';
import { Metrics } from '../../../shared/metrics/index.js';
import { WorkspaceAccess } from '../../../workspaces/index.js';
import { FeedPump } from './feed-pump.js';
import type { SocketConnection } from './socket-connection.js';
import { limitsOf, SOCKET_OPTIONS, type SocketLimits, type SocketOptions } from './socket.options.js';
import { SubscribeParams } from './subscribe.dto.js';
import { TooManySubscriptions } from './ws.errors.js';

/** Feeds that connections follow. */
@Injectable()
export class Subscriptions {
  private readonly limits: SocketLimits;
  private readonly sent: ReturnType<Metrics['counter']>;

  constructor(
    private readonly feeds: LiveFeeds,
    private readonly subscribers: Subscribers,
    private readonly access: WorkspaceAccess,
    @Inject(SOCKET_OPTIONS) options: SocketOptions,
    metrics: Metrics,
  ) {
    this.limits = limitsOf(options);
    this.sent = metrics.counter({ name: 'socket_events_total', help: 'Events sent over WebSocket connections.' });
  }

  /**
   * Follows feeds from their cursors. The pump is to be started when the answer was sent, so that no event comes before
   * its subscription is known.
   * @throws InvalidInput, MissingScope, TooManySubscriptions, NotSubscriberOwner, TooManySubscribers, NotFound, CursorExpired, CursorAhead, NodeStopping
   */
  async subscribe(connection: SocketConnection, params: JsonObject): Promise<FeedPump> {
    const { feeds, types, subjects, subscriber } = validated(SubscribeParams, params, 'params');
    const { caller } = connection.peer;
    const { scopes, tenantId } = caller;
    if (!grants(scopes, 'events:read')) throw new MissingScope('events:read', scopes);
    this.assertRoom(connection);
    // In the order of the requests, those of a batch too.
    const id = connection.nextSubscriptionId();
    for (const { workspaceId } of feeds) {
      if (workspaceId === tenantId) throw new NotFound('workspace', tenantId);
      if (workspaceId !== undefined) await this.access.assertMayRead(caller, workspaceId);
    }

    const places = feeds.map(({ workspaceId = tenantId, after }) => ({ feedId: workspaceId, after }));
    const { bufferEvents: events, bufferBytes: bytes } = this.limits;
    const options = { types, subjects, buffer: { events, bytes } };
    const { subscription, epoch }: Pick<OpenedSubscriber, 'subscription'> & Partial<OpenedSubscriber> =
      subscriber === undefined
        ? { subscription: await this.feeds.subscribe(tenantId, places, options) }
        : await this.subscribers.open(caller, subscriber, { feeds: places, ...options });
    try {
      // Others may have come in between, and the connection may have gone.
      this.assertRoom(connection);
      if (!connection.isOpen) throw new NodeStopping();
    } catch (error) {
      subscription.close();
      throw error;
    }
    const pump = new FeedPump(id, { feeds, types, subjects, subscriber, epoch }, subscription, connection, (events) =>
      this.sent.inc(events),
    );
    connection.pumps.set(id, pump);
    return pump;
  }

  /** @throws InvalidInput, NotFound */
  unsubscribe(connection: SocketConnection, id: JsonValue | undefined): void {
    if (typeof id !== 'string') throw InvalidInput.of('subscription', 'isString', 'subscription must be a string.');
    const pump = connection.pumps.get(id);
    if (!pump) throw new NotFound('subscription', id.slice(0, 64));
    pump.close();
  }

  private assertRoom(connection: SocketConnection): void {
    const { subscriptions } = this.limits;
    if (connection.pumps.size >= subscriptions) throw new TooManySubscriptions(subscriptions);
  }
}
