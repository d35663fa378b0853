import { Agent, type AgentOptions } from './agent/agent.js';
import { Calls, type CallsOptions } from './calls.js';
import { InvalidOption } from './errors.js';
import { Http, type ServerOptions } from './http.js';
import type { FeedEvent } from './methods.js';
import { type FollowOptions, Realtime } from './realtime/realtime.js';

export type ClientOptions = ServerOptions & CallsOptions;

/** Muster over HTTP, with the types of its OpenAPI document. */
export class MusterClient extends Calls {
  private readonly http: Http;

  constructor(private readonly options: ClientOptions) {
    if (!URL.canParse(options.url)) throw new InvalidOption('url', 'an address such as https://muster.example');
    if (options.key === '') throw new InvalidOption('key', 'an API key or a token');
    const http = new Http(options);
    super(http, options);
    this.http = http;
  }

  get url(): string {
    return this.http.url;
  }

  /** An agent that works on tasks; see `Agent.run`. */
  agent(options: AgentOptions): Agent {
    return new Agent(this, options);
  }

  /** The same calls over one WebSocket, which is opened when it is first needed. Close it when it is not any more. */
  realtime(): Realtime {
    return new Realtime(this.http, this.options);
  }

  /** The events of a feed over a WebSocket of its own; see `Realtime.follow`. */
  async *follow(options: FollowOptions): AsyncGenerator<FeedEvent, void, undefined> {
    const realtime = this.realtime();
    try {
      yield* realtime.follow(options);
    } finally {
      realtime.close();
    }
  }
}
