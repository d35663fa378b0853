/** Where the tests' Redis is, if there is one. Use keys of your own and never FLUSH: others may use it too. */
export const redisUrl = (): string => {
  const url = process.env.TEST_REDIS_URL;
  if (!url) throw new Error('Use this only below describeWithRedis.');
  return url;
};

/** A suite that needs Redis; skipped, and said so, without `REDIS_URL`. */
export const describeWithRedis = (name: string, suite: () => void): void => {
  if (process.env.TEST_REDIS_URL) describe(name, suite);
  else describe.skip(`${name} (skipped: REDIS_URL is not set)`, suite);
};
