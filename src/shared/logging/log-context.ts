import { AsyncLocalStorage } from 'node:async_hooks';

/** Keys that stand on every line written while a piece of work runs: requestId, tenantId, actorId, taskId … */
export type LogKeys = Record<string, string | number | boolean | undefined>;

const storage = new AsyncLocalStorage<LogKeys>();

export const logContext = {
  /** Runs `work` so that every line written below it carries `keys`; the object itself is kept, later additions count. */
  run<T>(keys: LogKeys, work: () => T): T {
    return storage.run(keys, work);
  },

  /** Adds keys to the running piece of work, such as the tenant once the caller is known. Outside of one it does nothing. */
  add(keys: LogKeys): void {
    const current = storage.getStore();
    if (current) Object.assign(current, keys);
  },

  /** A copy: pino merges the line's own keys into what it is handed. */
  keys(): LogKeys {
    return { ...storage.getStore() };
  },
};
