import type { DeliveryAttempt } from './delivery.entity.js';
import { SendingFailed, type SentAnswer } from './webhooks.errors.js';

/** An attempt as the log keeps it, and why it failed if it did. */
export interface Trial {
  attempt: DeliveryAttempt;
  failure?: SendingFailed;
}

/** Makes an attempt; what was not even tried is thrown on. */
export async function tried(send: () => Promise<SentAnswer>): Promise<Trial> {
  const at = new Date().toISOString();
  const began = performance.now();
  const attemptOf = (answer: SentAnswer | undefined, error: string | null): DeliveryAttempt => ({
    at,
    durationMs: Math.round(performance.now() - began),
    status: answer?.status ?? null,
    error,
    response: answer?.excerpt ?? null,
  });
  try {
    return { attempt: attemptOf(await send(), null) };
  } catch (error) {
    if (!(error instanceof SendingFailed)) throw error;
    const { reason, message, answer } = error;
    return { attempt: attemptOf(answer, `${reason}: ${message}`), failure: error };
  }
}
