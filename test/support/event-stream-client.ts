import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { until } from './until.js';

/** What stands between two empty lines of a stream. */
export interface Frame {
  id?: string;
  event?: string;
  data?: string;
  retry?: string;
  comment?: string;
}

interface StreamedEvent {
  id: number;
  event: string;
  data: Record<string, unknown>;
}

export interface OpenOptions {
  key?: string;
  headers?: Record<string, string>;
  method?: string;
  /** Takes nothing until `resume` is called. */
  paused?: boolean;
}

/** A client of server-sent events that shows what was sent, with a connection of its own. */
export class EventStreamClient {
  readonly frames: Frame[] = [];
  /** The events of the log, without what the stream says of itself. */
  readonly events: StreamedEvent[] = [];
  private rest = '';

  private constructor(
    readonly url: string,
    private readonly options: OpenOptions,
    private readonly response: IncomingMessage,
  ) {
    response.setEncoding('utf8');
    // Hung up, by either side.
    response.on('error', () => undefined);
    if (!options.paused) this.resume();
  }

  static async open(url: string, options: OpenOptions = {}): Promise<EventStreamClient> {
    const { key, headers, method = 'GET' } = options;
    const asked = request(url, {
      agent: false,
      method,
      headers: { ...(key !== undefined && { authorization: `Bearer ${key}` }), ...headers },
    });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    asked.on('error', () => undefined);
    return new EventStreamClient(url, options, response);
  }

  get status(): number | undefined {
    return this.response.statusCode;
  }

  get headers(): IncomingMessage['headers'] {
    return this.response.headers;
  }

  get ids(): number[] {
    return this.events.map(({ id }) => id);
  }

  /** The last words: `resync` or `end`. */
  get notice(): { event: string; data: Record<string, unknown> } | undefined {
    const frame = this.frames.find(({ event }) => event !== undefined && !event.includes('.'));
    return frame && { event: frame.event ?? '', data: JSON.parse(frame.data ?? '') as Record<string, unknown> };
  }

  /** As a browser remembers it. */
  get lastEventId(): string | undefined {
    return this.frames.findLast(({ id }) => id !== undefined)?.id;
  }

  get closed(): boolean {
    return this.response.closed || this.response.complete;
  }

  /** When so many events of the log have come. */
  async until(count: number): Promise<void> {
    await until(() => this.events.length >= count || this.notice, `${count} events came`);
  }

  async end(): Promise<void> {
    await until(() => this.closed, 'the stream ended');
  }

  resume(): void {
    this.response.on('data', (text: string) => this.read(text));
  }

  /** Hangs up. */
  close(): void {
    this.response.destroy();
  }

  /** Hangs up, and comes back as a browser does, perhaps to another node. */
  reconnect(url = this.url): Promise<EventStreamClient> {
    const { lastEventId } = this;
    this.close();
    const headers = { ...this.options.headers, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) };
    return EventStreamClient.open(url, { ...this.options, headers, paused: false });
  }

  private read(text: string): void {
    const parts = (this.rest + text).split('\n\n');
    this.rest = parts.pop() ?? '';
    for (const frame of parts.map(frameOf)) {
      this.frames.push(frame);
      const { id, event = '', data = '' } = frame;
      if (event.includes('.'))
        this.events.push({ id: Number(id), event, data: JSON.parse(data) as StreamedEvent['data'] });
    }
  }
}

function frameOf(text: string): Frame {
  const fields = text.split('\n').map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [colon === 0 ? 'comment' : line.slice(0, colon), line.slice(colon + 1).trimStart()];
  });
  return Object.fromEntries(fields);
}
