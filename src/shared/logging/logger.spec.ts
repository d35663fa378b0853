import { logContext } from './log-context.js';
import { createLogger, describeError, type LogLevel, scrub } from './logger.js';
import { NestLog } from './nest-log.js';

function logged(level: LogLevel = 'trace'): { log: NestLog; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  return { log: new NestLog(createLogger({ level, destination })), lines };
}

it('writes one JSON object with time, level, message, context and the given keys', () => {
  const { log, lines } = logged();
  log.warn({ msg: 'cache is slow', ms: 51 }, 'Cache');
  expect(lines).toEqual([
    {
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
      msg: 'cache is slow',
      context: 'Cache',
      ms: 51,
    },
  ]);
});

it("understands the ways Nest's loggers are called", () => {
  const { log, lines } = logged();
  log.log('started', 'Main');
  log.error('failed', new Error('why').stack, 'Main');
  log.error(new Error('boom'), undefined, 'Main');
  log.error('failed', new Error('boom'));
  expect(lines).toEqual([
    expect.objectContaining({ level: 'info', msg: 'started', context: 'Main' }),
    expect.objectContaining({
      level: 'error',
      msg: 'failed',
      context: 'Main',
      stack: expect.stringContaining('why') as unknown,
    }),
    expect.objectContaining({
      msg: 'boom',
      context: 'Main',
      err: expect.objectContaining({ message: 'boom' }) as unknown,
    }),
    expect.objectContaining({ msg: 'failed', err: expect.objectContaining({ message: 'boom' }) as unknown }),
  ]);
});

it("keeps Nest's wiring quiet", () => {
  const { log, lines } = logged('info');
  log.log('Mapped {/v1/tasks, GET} route', 'RouterExplorer');
  expect(lines).toEqual([]);
});

it('carries the keys of the running work, and later ones too', () => {
  const { log, lines } = logged();
  logContext.run({ requestId: 'r1' }, () => {
    log.log('before');
    logContext.add({ tenantId: 't1' });
    log.log({ msg: 'after', requestId: 'own' });
  });
  log.log('outside');
  expect(lines.map(({ requestId, tenantId }) => [requestId, tenantId])).toEqual([
    ['r1', undefined],
    ['own', 't1'],
    [undefined, undefined],
  ]);
});

it('tells an error with its causes, and nothing that a driver hangs on it', () => {
  const cause = Object.assign(new Error('duplicate key'), { code: '23505', parameters: ['secret row'] });
  const told = describeError(new TypeError('create failed', { cause }));
  expect(told).toMatchObject({
    type: 'TypeError',
    message: 'create failed',
    cause: { message: 'duplicate key', code: '23505' },
  });
  expect(JSON.stringify(told)).not.toContain('secret row');
  expect(describeError('text')).toEqual({ type: 'string', message: 'text' });
  expect(describeError(new AggregateError([new Error('a')], 'both')).errors).toMatchObject([{ message: 'a' }]);
});

it('ends a chain of causes that closes on itself', () => {
  const error = new Error('a');
  error.cause = error;
  expect(JSON.stringify(describeError(error)).match(/"message":"a"/g)).toHaveLength(9);
});

it.each([
  ['key mst_abc-DEF_123 refused', 'key mst_[redacted] refused'],
  ['"Bearer eyJhbGci.x.y"', '"Bearer [redacted]"'],
  ['postgres://muster:hunter2@db/x', 'postgres://muster:[redacted]@db/x'],
  ['redis://:hunter2@cache:6379', 'redis://:[redacted]@cache:6379'],
  ['/v1/documents/1/yjs?token=abc&x=1', '/v1/documents/1/yjs?token=[redacted]&x=1'],
  ['http://127.0.0.1:8080/v1', 'http://127.0.0.1:8080/v1'],
])('keeps secrets out of texts: %s', (text, expected) => {
  expect(scrub(text)).toBe(expected);
});

it('keeps secrets out of keys', () => {
  const { log, lines } = logged();
  log.log({ msg: 'x', authorization: 'Basic abc', password: 'p', headers: { authorization: 'Basic abc' } });
  expect(JSON.stringify(lines)).not.toMatch(/abc|"p"/);
});
