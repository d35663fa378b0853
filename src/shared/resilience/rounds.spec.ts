import { Rounds } from './rounds.js';

/** Ends by `end`. */
function held() {
  let end: (error?: Error) => void = () => undefined;
  const promise = new Promise<void>((resolve, reject) => (end = (error) => (error ? reject(error) : resolve())));
  return { promise, end };
}

describe('Rounds', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('begins a round when the one before has ended and the pause is over', async () => {
    const rounds = [held(), held()];
    let begun = 0;
    const round = jest.fn(() => rounds[begun++]?.promise ?? Promise.resolve());
    const work = new Rounds(round, 1_000, fail);
    work.begin(10);

    await jest.advanceTimersByTimeAsync(9);
    expect(round).toHaveBeenCalledTimes(0);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(round).toHaveBeenCalledTimes(1);
    rounds[0]?.end();
    await jest.advanceTimersByTimeAsync(999);
    expect(round).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(round).toHaveBeenCalledTimes(2);
    rounds[1]?.end();
    await work.stop();
  });

  it('tells of a failure and goes on', async () => {
    const failures: unknown[] = [];
    const error = new Error('no');
    const work = new Rounds(
      () => Promise.reject(error),
      1_000,
      (failure) => failures.push(failure),
    );
    work.begin(0);

    await jest.advanceTimersByTimeAsync(2_000);
    expect(failures).toEqual([error, error, error]);
    await work.stop();
  });

  it('waits for the round under way when it is stopped, and begins no other', async () => {
    const only = held();
    const round = jest.fn(() => only.promise);
    const work = new Rounds(round, 1_000, fail);
    work.begin(0);
    await jest.advanceTimersByTimeAsync(0);

    let hasStopped = false;
    const stopped = work.stop().then(() => (hasStopped = true));
    await jest.advanceTimersByTimeAsync(5_000);
    expect([work.isStopped, hasStopped]).toEqual([true, false]);
    only.end();
    await stopped;
    work.begin();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(round).toHaveBeenCalledTimes(1);
  });
});

function fail(error: unknown): never {
  throw error;
}
