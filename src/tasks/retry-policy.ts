import { InvalidInput } from '../shared/errors/index.js';

/** How long a task waits between attempts. */
export interface RetryPolicy {
  /** `exponential` doubles the wait with each attempt, `linear` adds the first one. */
  backoff: 'exponential' | 'linear';
  /** The first wait. Up to a half of a wait is taken off by chance. */
  initialSeconds: number;
  maxSeconds: number;
}

export const BACKOFFS = ['exponential', 'linear'] as const;

/** What holds for a task that says nothing; `task_backoff` knows the same numbers. */
export const DEFAULT_RETRY: RetryPolicy = { backoff: 'exponential', initialSeconds: 1, maxSeconds: 300 };

/** The policy as it was given. @throws InvalidInput naming the field under `at` */
export function retryPolicy({ backoff, initialSeconds, maxSeconds }: RetryPolicy, at: string): RetryPolicy {
  const field = at ? `${at}.retry.initialSeconds` : 'retry.initialSeconds';
  if (initialSeconds > maxSeconds) {
    throw InvalidInput.of(field, 'max', `${field} must not be more than maxSeconds, which is ${maxSeconds}`);
  }
  return { backoff, initialSeconds, maxSeconds };
}
