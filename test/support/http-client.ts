/** An answer with its JSON read. */
export interface Answer<T = Record<string, unknown>> {
  status: number;
  body: T;
  headers: Headers;
}

export interface Sending {
  headers?: Record<string, string> | undefined;
  signal?: AbortSignal | undefined;
}

type Send = <T = Record<string, never>>(path: string, body?: unknown, more?: Sending) => Promise<Answer<T>>;

/** Speaks JSON with a node, as the holder of `key`, if any. A body that is a string goes out as it is. */
export class HttpClient {
  constructor(
    readonly url: string,
    private readonly key?: string,
  ) {}

  readonly get = <T = Record<string, never>>(path: string, more?: Sending): Promise<Answer<T>> =>
    this.send<T>('GET', path, undefined, more);
  readonly post: Send = (path, body = {}, more) => this.send('POST', path, body, more);
  readonly put: Send = (path, body = {}, more) => this.send('PUT', path, body, more);
  readonly patch: Send = (path, body = {}, more) => this.send('PATCH', path, body, more);
  readonly delete: Send = (path, body, more) => this.send('DELETE', path, body, more);

  async send<T = Record<string, never>>(
    method: string,
    path: string,
    body?: unknown,
    { headers, signal }: Sending = {},
  ): Promise<Answer<T>> {
    const response = await fetch(this.url + path, {
      method,
      ...(signal && { signal }),
      headers: {
        ...(this.key !== undefined && { authorization: `Bearer ${this.key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const type = response.headers.get('content-type') ?? '';
    // A stream has no end to wait for; see EventStreamClient.
    const endless = type.startsWith('text/event-stream');
    if (endless) await response.body?.cancel();
    const text = endless ? '' : await response.text();
    const json = /json/.test(type);
    return { status: response.status, body: (json && text ? JSON.parse(text) : text) as T, headers: response.headers };
  }
}
