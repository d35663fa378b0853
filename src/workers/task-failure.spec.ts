import { NotFound } from '../shared/errors/index.js';
import { failureOf, TaskFailure } from './task-failure.js';

describe('what is kept of an error that a handler threw', () => {
  it('is what a TaskFailure says', () => {
    expect(failureOf(new TaskFailure('no_stock', 'Sold out.', { retryable: false }))).toEqual({
      code: 'no_stock',
      message: 'Sold out.',
      retryable: false,
    });
    expect(failureOf(new TaskFailure('busy', 'Later.')).retryable).toBe(true);
  });

  it('is the code of a refusal of Muster’s', () => {
    expect(failureOf(new NotFound('agent', 'x'))).toMatchObject({ code: 'not_found', retryable: true });
  });

  it.each([
    [new Error('broken'), 'broken'],
    ['a text', 'a text'],
    [undefined, 'undefined'],
  ])('is the message of anything else, which may be retried: %p', (thrown, message) => {
    expect(failureOf(thrown)).toEqual({ code: 'handler_failed', message, retryable: true });
  });

  it('can be stored whatever it says', () => {
    expect(failureOf(new TaskFailure('', `a\0b\uD83D`))).toEqual({
      code: 'handler_failed',
      message: 'a\uFFFDb\uFFFD',
      retryable: true,
    });
    expect(failureOf(new Error('x'.repeat(20_000))).message).toHaveLength(10_000);
  });
});
