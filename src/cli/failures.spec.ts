import { NotFound } from '../shared/errors/index.js';
import { ApiError, failureOf, InvalidFile, Unreachable, UsageError } from './failures.js';

const refusedConnection = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });

describe('failureOf', () => {
  it('shows a problem with its code and fields, and keeps it whole under --json', () => {
    const problem = {
      type: 'urn:x',
      title: 'Lease lost',
      status: 409,
      detail: 'Over.',
      code: 'lease_lost',
      currentEpoch: 4,
    };
    const { exitCode, document, text } = failureOf(new ApiError(409, problem));
    expect([exitCode, text]).toEqual([1, 'Over. [lease_lost]\n  currentEpoch: 4']);
    expect(document.error).toEqual(problem);
  });

  it.each([
    [
      3,
      new Unreachable('http://x', false, new TypeError('fetch failed', { cause: refusedConnection })),
      /\(ECONNREFUSED\)/,
    ],
    [3, new Unreachable('http://x', true, new DOMException('…', 'TimeoutError')), /\(no answer in time\)/],
    [3, refusedConnection, /The database does not answer \(ECONNREFUSED\)/],
    [2, new UsageError('What?'), /^What\?$/],
    [2, Object.assign(new Error('bad'), { kind: 'invalid', code: 'invalid_configuration' }), /bad/],
    [1, new NotFound('agent', 'ada'), /^There is no agent ada\. \[not_found\]$/],
    [1, new InvalidFile('f', [{ line: 7, message: 'no' }]), /nothing was created\.\n {2}line 7: no$/],
    [1, new TypeError('a defect'), /a defect\n +at /],
    [1, 'thrown text', /thrown text/],
  ])('exits with %i for %s', (exitCode, error, text) => {
    const failure = failureOf(error);
    expect(failure.exitCode).toBe(exitCode);
    expect(failure.text).toMatch(text);
  });
});
