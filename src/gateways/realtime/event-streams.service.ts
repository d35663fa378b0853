import { Inject, Injectable } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { DomainError } from '../../shared/errors/index.js';
import { LiveFeeds, SlowConsumer, Subscribers, type Subscription } from '../../shared/events/index.js';
import { NodeStopping } from '../../shared/http/index.js';
import { Metrics } from '../../shared/metrics/index.js';
import { CredentialWatch } from './credential-watch.js';
import { EventStream } from './event-stream.js';
import { OpenStreams } from './open-streams.js';
import { EVENT_STREAM } from './sse.js';
import {
  DEFAULT_HEARTBEAT_MS,
  DEFAULT_PER_KEY,
  DEFAULT_PER_TENANT,
  STREAM_OPTIONS,
  type StreamOptions,
} from './stream.options.js';
import type { StreamQuery } from './stream.dto.js';
import type { StreamReader } from './stream-reader.js';

/** How long a client may take to read the last words. */
const LINGER_MS = 5_000;

/** Proxies must neither keep, change nor gather what is sent, and the connection ends with the stream. */
const HEADERS = {
  'content-type': EVENT_STREAM,
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  connection: 'close',
};

/** Opens streams of feeds, counts them, and sees that nothing stays of those that end. */
@Injectable()
export class EventStreams {
  private readonly places: OpenStreams;
  private readonly streams = new Set<EventStream>();
  private readonly sent: ReturnType<Metrics['counter']>;
  private readonly ended: ReturnType<Metrics['counter']>;

  constructor(
    private readonly feeds: LiveFeeds,
    private readonly subscribers: Subscribers,
    private readonly credentials: CredentialWatch,
    @Inject(STREAM_OPTIONS) private readonly options: StreamOptions,
    metrics: Metrics,
  ) {
    this.places = new OpenStreams(options.perKey ?? DEFAULT_PER_KEY, options.perTenant ?? DEFAULT_PER_TENANT);
    metrics.gauge({ name: 'streams_open', help: 'Event streams that are open on this node.' }, (gauge) =>
      gauge.set(this.streams.size),
    );
    this.sent = metrics.counter({ name: 'stream_events_total', help: 'Events sent by streams.' });
    this.ended = metrics.counter({
      name: 'streams_ended_total',
      help: 'Event streams that ended: the client left, was too slow, may not read on, the node stops, or an error.',
      labels: ['reason'],
    });
  }

  /**
   * Follows the feed from the reader's cursor, for as long as the connection lasts.
   * @throws TooManyStreams, NotFound, CursorExpired, CursorAhead, NodeStopping
   * @throws NotSubscriberOwner, TooManySubscribers, SubscriberTakenOver
   */
  async open(reader: StreamReader, feedId: string, query: StreamQuery): Promise<Readable> {
    const { caller, reply } = reader;
    const giveBack = this.places.take(caller);
    try {
      const subscription = await this.subscribe(reader, feedId, query);
      const stream = new EventStream(subscription, {
        feedId,
        heartbeatMs: this.options.heartbeatMs ?? DEFAULT_HEARTBEAT_MS,
        onSent: (events) => this.sent.inc(events),
        onFinished: () => linger(reply.raw),
        onClosed: (reason) => {
          unwatch();
          giveBack();
          this.streams.delete(stream);
          this.ended.inc({ reason: kindOf(reason) });
        },
      });
      const unwatch = this.credentials.watch(reader.credentials, reader.stillAllowed, (reason) =>
        subscription.end(reason),
      );
      this.streams.add(stream);
      reply.headers(HEADERS);
      // Ended by the connection's end. In chunks an event is three buffers, and a writev for each of 10,000 streams was a
      // third of the node's time; one write is a fifth.
      reply.raw.useChunkedEncodingByDefault = false;
      endWith(reply.raw, stream);
      return stream;
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  private async subscribe(
    { caller, lastEventId, reply }: StreamReader,
    feedId: string,
    { after, subscriber, ...filter }: StreamQuery,
  ): Promise<Subscription> {
    const { bufferEvents: events, bufferBytes: bytes } = this.options;
    const options = { ...filter, buffer: { events, bytes } };
    if (subscriber === undefined) {
      return this.feeds.subscribe(caller.tenantId, [{ feedId, after: lastEventId ?? after }], options);
    }
    const feeds = [{ feedId, after }];
    const { subscription, epoch } = await this.subscribers.open(caller, subscriber, { feeds, ...options });
    reply.header('subscriber-epoch', String(epoch));
    return subscription;
  }
}

/** A stream does not outlive its connection. */
function endWith(response: ServerResponse, stream: EventStream): void {
  if (response.destroyed || response.closed) stream.destroy();
  response.once('close', () => stream.destroy());
}

/** Nor does a connection outlive its stream for long, if the client does not read the last words. */
function linger(response: ServerResponse): void {
  const limit = setTimeout(() => response.destroy(), LINGER_MS);
  response.once('close', () => clearTimeout(limit));
}

/** The values of the label. */
function kindOf(reason: Error | undefined): string {
  if (!reason) return 'left';
  if (reason instanceof SlowConsumer) return 'slow';
  if (reason instanceof NodeStopping) return 'stopping';
  if (reason instanceof DomainError && reason.kind === 'unauthenticated') return 'credentials';
  return reason instanceof DomainError && reason.kind === 'gone' ? 'gone' : 'error';
}
