/** Fires after a time, or with another signal. `AbortSignal.any` keeps a listener on a signal that outlives the request. */
export class Limit {
  private readonly controller = new AbortController();
  private readonly timer: ReturnType<typeof setTimeout>;
  private readonly follow = (): void => this.controller.abort(this.outer?.reason);

  constructor(
    ms: number,
    private readonly outer: AbortSignal | undefined,
  ) {
    this.timer = setTimeout(() => this.controller.abort(new DOMException('No answer in time.', 'TimeoutError')), ms);
    outer?.addEventListener('abort', this.follow);
    if (outer?.aborted) this.follow();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  end(): void {
    clearTimeout(this.timer);
    this.outer?.removeEventListener('abort', this.follow);
  }
}
