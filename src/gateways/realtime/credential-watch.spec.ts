import { UnknownCredentials } from '../../shared/auth/index.js';
import { DependencyUnavailable } from '../../shared/errors/index.js';
import { CredentialWatch } from './credential-watch.js';

describe('CredentialWatch', () => {
  afterEach(() => jest.useRealTimers());

  it('asks once for all who share credentials, and tells each when they are not good any more', async () => {
    jest.useFakeTimers();
    const watch = new CredentialWatch();
    const judge = jest.fn(() => Promise.resolve());
    const told: string[] = [];
    watch.watch('Bearer a', judge, ({ message }) => told.push(`first: ${message}`));
    const unwatch = watch.watch('Bearer a', judge, () => told.push('left'));
    watch.watch('Bearer a', judge, ({ message }) => told.push(`second: ${message}`));
    watch.watch('Bearer b', judge, () => told.push('other'));
    unwatch();

    await jest.advanceTimersByTimeAsync(1_000);
    const asked = judge.mock.calls.length;
    judge.mockImplementationOnce(() => Promise.reject(new UnknownCredentials()));
    await jest.advanceTimersByTimeAsync(100);

    // Twelve times in a second, for two credentials.
    expect(asked).toBe(24);
    const { message } = new UnknownCredentials();
    expect(told).toEqual([`first: ${message}`, `second: ${message}`]);
    watch.onModuleDestroy();
  });

  it('goes on while nobody can judge', async () => {
    jest.useFakeTimers();
    const watch = new CredentialWatch();
    const answers = [
      () => Promise.reject(new DependencyUnavailable('database', 'find', { cause: undefined })),
      () => Promise.reject(new UnknownCredentials()),
    ];
    const refused = jest.fn();
    watch.watch('Bearer a', () => answers.shift()?.() ?? Promise.resolve(), refused);

    await jest.advanceTimersByTimeAsync(80);
    expect([answers.length, refused.mock.calls.length]).toEqual([1, 0]);
    await jest.advanceTimersByTimeAsync(80);
    expect(refused).toHaveBeenCalledTimes(1);
    watch.onModuleDestroy();
  });
});
