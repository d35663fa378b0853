import {
  circuitBreaker,
  CircuitState as PolicyState,
  CountBreaker,
  handleWhen,
  type CircuitBreakerPolicy,
} from 'cockatiel';
import { CircuitOpen } from '../errors/index.js';

/** `open`: calls are refused. `half_open`: the pause is over and one call may find out whether the dependency is back. */
export type CircuitState = 'closed' | 'open' | 'half_open';

export interface CircuitBreakerOptions {
  /** True for errors that say the dependency is not working. Any other error is an answer, hence a success. */
  counts: (error: unknown) => boolean;
  /** True for errors that say nothing either way, such as a queue of our own being full; a probe that meets one failed. */
  ignores?: (error: unknown) => boolean;
  /** How long calls are refused before one is let through. */
  openMs?: number;
  /** After this long a probe without an outcome no longer keeps the others out. */
  probeLimitMs?: number;
}

/**
 * The window is counted in calls, not in seconds, and judged by share, not by a run of failures: an idle service opens
 * after five calls however far apart they are, and half an outage (one address of two dead) opens as well, where one
 * success in between would reset a consecutive count for ever.
 */
const WINDOW = { size: 20, threshold: 0.5, minimumNumberOfCalls: 5 };

type Outcome<T> = { value: T } | { refusal: unknown };

/** Stops asking a dependency that does not answer; one for each dependency. No timer runs: time is looked at on calls. */
export class CircuitBreaker {
  private readonly counts: (error: unknown) => boolean;
  private readonly ignores: (error: unknown) => boolean;
  private readonly openMs: number;
  private readonly probeLimitMs: number;
  private readonly listeners = new Set<(state: CircuitState) => void>();
  private policy: CircuitBreakerPolicy;
  /** When the present state of the policy began. */
  private since = 0;

  /** @param dependency what is protected, as callers know it: 'database', 'redis'; stands in refusals and metrics */
  constructor(
    readonly dependency: string,
    { counts, ignores = () => false, openMs = 1_000, probeLimitMs = 10_000 }: CircuitBreakerOptions,
  ) {
    this.counts = counts;
    this.ignores = ignores;
    this.openMs = openMs;
    this.probeLimitMs = probeLimitMs;
    this.policy = this.createPolicy();
  }

  /**
   * Runs `fn` and counts its outcome. Not to be nested for one dependency: the inner call would meet its own probe.
   * @throws CircuitOpen at once, without running `fn`, while the circuit is open or another call is the probe
   */
  async execute<T>(fn: () => PromiseLike<T> | T): Promise<T> {
    this.check();
    const outcome = await this.policy.execute(() => this.settle(fn));
    if ('refusal' in outcome) throw outcome.refusal;
    return outcome.value;
  }

  /** As `execute`, but where the dependency is the reason for a failure, `fallback` answers instead. */
  async executeWithFallback<T>(
    fn: () => PromiseLike<T> | T,
    fallback: (error: unknown) => PromiseLike<T> | T,
  ): Promise<T> {
    try {
      return await this.execute(fn);
    } catch (error) {
      const ours = error instanceof CircuitOpen && error.details.dependency === this.dependency;
      if (ours || this.counts(error)) return fallback(error);
      throw error;
    }
  }

  /** @throws CircuitOpen when a call would be refused now */
  check(): void {
    this.forgetHungProbe();
    const state = this.policy.state;
    if (state === PolicyState.Closed) return;

    const remainingMs = this.since + this.openMs - Date.now();
    // cockatiel would let the others wait for the probe; they are refused instead, for the probe may take its whole timeout.
    if (state === PolicyState.HalfOpen || remainingMs > 0) {
      throw new CircuitOpen(this.dependency, Math.max(1, Math.ceil(remainingMs / 1_000)));
    }
  }

  getState(): CircuitState {
    switch (this.policy.state) {
      case PolicyState.Closed:
        return 'closed';
      case PolicyState.HalfOpen:
        return 'half_open';
      case PolicyState.Open:
      case PolicyState.Isolated:
        return Date.now() < this.since + this.openMs ? 'open' : 'half_open';
    }
  }

  /** Closes the circuit and forgets what was counted; calls still under way no longer count. */
  reset(): void {
    const wasClosed = this.policy.state === PolicyState.Closed;
    this.policy = this.createPolicy();
    if (!wasClosed) this.announce(PolicyState.Closed);
  }

  /** @returns a function that takes the listener off again */
  onStateChange(listener: (state: CircuitState) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** An error that is an answer counts as a success, which cockatiel's own filter would leave uncounted. */
  private async settle<T>(fn: () => PromiseLike<T> | T): Promise<Outcome<T>> {
    try {
      return { value: await fn() };
    } catch (error) {
      if (this.counts(error) || this.ignores(error)) throw error;
      return { refusal: error };
    }
  }

  /** `toJSON` of a half-open policy describes an open one that is due, so the next call is a new probe. */
  private forgetHungProbe(): void {
    if (this.policy.state !== PolicyState.HalfOpen || Date.now() - this.since < this.probeLimitMs) return;
    this.policy = this.createPolicy(this.policy.toJSON());
    this.since = 0;
  }

  private createPolicy(initialState?: unknown): CircuitBreakerPolicy {
    // cockatiel leaves an error uncounted that is not handled, except for a probe's, which would close the circuit.
    const handled = handleWhen((error) => !this.ignores(error) || policy.state !== PolicyState.Closed);
    const policy: CircuitBreakerPolicy = circuitBreaker(handled, {
      breaker: new CountBreaker(WINDOW),
      halfOpenAfter: this.openMs,
      ...(initialState === undefined ? {} : { initialState }),
    });
    policy.onStateChange((state) => {
      if (policy === this.policy) this.announce(state);
    });
    return policy;
  }

  private announce(state: PolicyState): void {
    this.since = Date.now();
    const name = state === PolicyState.Closed ? 'closed' : state === PolicyState.HalfOpen ? 'half_open' : 'open';
    for (const listener of this.listeners) listener(name);
  }
}
