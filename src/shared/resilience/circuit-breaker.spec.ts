import { CircuitOpen, NotFound } from '../errors/index.js';
import { CircuitBreaker, type CircuitBreakerOptions, type CircuitState } from './circuit-breaker.js';

class ConnectionLost extends Error {}

const OPEN_MS = 40;
const lost = () => Promise.reject(new ConnectionLost());
const missing = () => Promise.reject(new NotFound('task', '1'));

const given = (options: Partial<CircuitBreakerOptions> = {}) =>
  new CircuitBreaker('database', { counts: (error) => error instanceof ConnectionLost, openMs: OPEN_MS, ...options });

async function failTimes(breaker: CircuitBreaker, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await expect(breaker.execute(lost)).rejects.toBeInstanceOf(ConnectionLost);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('CircuitBreaker', () => {
  it('passes values and errors through while closed [S12]', async () => {
    const breaker = given();

    await expect(breaker.execute(async () => 42)).resolves.toBe(42);
    await expect(breaker.execute(() => 'plain')).resolves.toBe('plain');
    await expect(breaker.execute(lost)).rejects.toBeInstanceOf(ConnectionLost);
    await expect(
      breaker.execute(() => {
        throw new ConnectionLost();
      }),
    ).rejects.toBeInstanceOf(ConnectionLost);
    expect(breaker.getState()).toBe('closed');
  });

  it('opens after failures and refuses at once, without running the function [S16][S17][S14][S125]', async () => {
    const breaker = given({ openMs: 60_000 });
    await failTimes(breaker, 5);
    const fn = jest.fn();

    const refused: unknown = await breaker.execute(fn).catch((error: unknown) => error);

    expect(breaker.getState()).toBe('open');
    expect(fn).not.toHaveBeenCalled();
    expect(refused).toBeInstanceOf(CircuitOpen);
    expect(refused).toMatchObject({ code: 'circuit_open', retryAfterSeconds: 60, details: { dependency: 'database' } });
    expect(() => breaker.check()).toThrow(CircuitOpen);
  });

  it('never counts an answer as a failure: not found, conflicts, validation [S16]', async () => {
    const breaker = given();

    for (let i = 0; i < 100; i++) await expect(breaker.execute(missing)).rejects.toBeInstanceOf(NotFound);

    expect(breaker.getState()).toBe('closed');
  });

  it('counts an answer as a sign of life [S16]', async () => {
    const breaker = given();
    await failTimes(breaker, 4);
    for (let i = 0; i < 10; i++) await breaker.execute(missing).catch(() => undefined);

    await failTimes(breaker, 3);

    expect(breaker.getState()).toBe('closed');
  });

  it('counts what it ignores neither as a failure nor as a sign of life', async () => {
    class QueueFull extends Error {}
    const breaker = given({ ignores: (error) => error instanceof QueueFull });
    const full = () => Promise.reject(new QueueFull());
    for (let i = 0; i < 100; i++) await expect(breaker.execute(full)).rejects.toBeInstanceOf(QueueFull);
    expect(breaker.getState()).toBe('closed');

    await failTimes(breaker, 5);
    await until(() => breaker.getState() === 'half_open');
    await expect(breaker.execute(full)).rejects.toBeInstanceOf(QueueFull);
    expect(breaker.getState()).toBe('open');
  });

  it('opens on half an outage, though single successes come in between', async () => {
    const breaker = given({ openMs: 60_000 });
    const failing = [true, false, true, true, false, true, true, true, false, true];

    for (const fails of failing) await breaker.execute(fails ? lost : async () => 1).catch(() => undefined);

    expect(breaker.getState()).toBe('open');
  });

  it('answers from the fallback when open or failing, and not for an answer of the dependency [S13]', async () => {
    const breaker = given({ openMs: 60_000 });
    const fallback = (error: unknown) => (error instanceof CircuitOpen ? 'open' : 'failed');

    await expect(breaker.executeWithFallback(async () => 'value', fallback)).resolves.toBe('value');
    await expect(breaker.executeWithFallback(lost, fallback)).resolves.toBe('failed');
    await expect(breaker.executeWithFallback(missing, fallback)).rejects.toBeInstanceOf(NotFound);
    while (breaker.getState() === 'closed') await failTimes(breaker, 1);
    await expect(breaker.executeWithFallback(async () => 'value', fallback)).resolves.toBe('open');
  });

  it('recovers by itself through one probe, while the others are refused instead of waiting [S14][S17]', async () => {
    const breaker = given();
    const states: CircuitState[] = [];
    breaker.onStateChange((state) => states.push(state));
    await failTimes(breaker, 5);
    await until(() => breaker.getState() === 'half_open');
    let finish: (value: string) => void = () => undefined;

    const probe = breaker.execute(() => new Promise<string>((resolve) => (finish = resolve)));
    await expect(breaker.execute(async () => 'other')).rejects.toBeInstanceOf(CircuitOpen);
    finish('back');

    await expect(probe).resolves.toBe('back');
    expect(breaker.getState()).toBe('closed');
    expect(states).toEqual(['open', 'half_open', 'closed']);
    await expect(breaker.execute(async () => 'other')).resolves.toBe('other');
  });

  it('opens again when the probe fails, and closes when it is answered with a refusal', async () => {
    const breaker = given();
    await failTimes(breaker, 5);

    await until(() => breaker.getState() === 'half_open');
    await expect(breaker.execute(lost)).rejects.toBeInstanceOf(ConnectionLost);
    expect(breaker.getState()).toBe('open');

    await until(() => breaker.getState() === 'half_open');
    await expect(breaker.execute(missing)).rejects.toBeInstanceOf(NotFound);
    expect(breaker.getState()).toBe('closed');
  });

  it('does not wait for ever for a probe that never ends', async () => {
    const breaker = given({ probeLimitMs: 30 });
    await failTimes(breaker, 5);
    await until(() => breaker.getState() === 'half_open');
    void breaker.execute(() => new Promise(() => undefined));
    expect(() => breaker.check()).toThrow(CircuitOpen);

    let answer: string | undefined;
    while (answer === undefined) {
      answer = await breaker.executeWithFallback<string | undefined>(
        async () => 'back',
        () => undefined,
      );
      await new Promise((resolve) => setTimeout(resolve, 2));
    }

    expect(answer).toBe('back');
    expect(breaker.getState()).toBe('closed');
  });

  it('closes on reset, and calls begun before it no longer count [S15]', async () => {
    const breaker = given({ openMs: 60_000 });
    const rejections: (() => void)[] = [];
    const late = Array.from({ length: 5 }, () =>
      breaker.execute(() => new Promise((_, reject) => rejections.push(() => reject(new ConnectionLost())))),
    );
    await failTimes(breaker, 5);
    expect(breaker.getState()).toBe('open');

    breaker.reset();
    rejections.forEach((reject) => reject());
    await Promise.allSettled(late);

    expect(breaker.getState()).toBe('closed');
    await expect(breaker.execute(async () => 1)).resolves.toBe(1);
  });
});
