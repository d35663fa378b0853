import { NotFound } from '../../../shared/errors/index.js';
import { RateLimited } from '../../../shared/auth/index.js';
import { RefusedCall, rpcErrorTable, toRpcError } from './rpc-errors.js';

describe('errors of JSON-RPC', () => {
  it('have a number for each kind, of those that are free for servers or that JSON-RPC defines', () => {
    const defined = [-32_700, -32_600, -32_601, -32_602, -32_603];
    const numbers = rpcErrorTable().map(({ number }) => number);
    expect(numbers.filter((one) => !defined.includes(one) && (one > -32_000 || one < -32_099))).toEqual([]);
    const kinds = rpcErrorTable().filter(({ status, number }) => !defined.includes(number) && status > 0);
    expect(new Set(kinds.map(({ number }) => number)).size).toBe(kinds.length);
  });

  it('carry the problem that a route would answer, and when to try again', () => {
    expect(toRpcError(new NotFound('task', 'x'), 'a.1')).toEqual({
      code: -32_004,
      message: 'There is no task x.',
      data: expect.objectContaining({
        status: 404,
        code: 'not_found',
        instance: 'a.1',
        entity: 'task',
        id: 'x',
      }) as object,
    });
    expect(toRpcError(new RateLimited('key', 5, 1, 0.4), 'a.1').data).toMatchObject({ retryAfterSeconds: 1 });
    const body = JSON.stringify({ status: 503, code: 'draining', detail: 'Stopping.' });
    const refused = RefusedCall.of({ status: 503, headers: { 'retry-after': '7' }, body });
    expect(toRpcError(refused, 'a.1')).toMatchObject({
      code: -32_053,
      data: { retryAfterSeconds: 7, code: 'draining' },
    });
  });

  it('tell nothing of what failed inside', () => {
    const failed = toRpcError(new Error('password=1'), 'a.1');
    expect(failed).toMatchObject({ code: -32_603, data: { code: 'internal' } });
    expect(JSON.stringify(failed)).not.toContain('password');
  });
});
