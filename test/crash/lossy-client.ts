import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { JsonObject } from '../../src/shared/errors/index.js';
import type { Asking, Recorder, Told } from '../../src/cli/verify/recorder.js';
import type { Random } from './random.js';

/** What a request came to. `undefined` where nobody answered before the patience ended. */
export interface Reply {
  status: number;
  body: JsonObject;
}

interface Request {
  asking: Asking;
  path: string;
  body: JsonObject;
  /** Sent again, the same to the byte, until it is answered. */
  repeat: boolean;
  /** What of the answer belongs into the history. */
  told?: (body: JsonObject) => Told;
}

/** Short enough that a connection that is dead without a sign costs a moment only. */
const TIMEOUT_MS = 2_500;
const PATIENCE_MS = 60_000;

/** The client of one agent: it records every request and what came of it, and asks again where an answer was lost. */
export class LossyClient {
  /** By how much the agent's clock is wrong. */
  private readonly skewMs: number;

  constructor(
    private readonly urls: readonly [string, ...string[]],
    private readonly key: string,
    private readonly recorder: Recorder,
    private readonly random: Random,
  ) {
    this.skewMs = random.between(-12, 12) * 3_600_000;
  }

  async post(request: Request): Promise<Reply | undefined> {
    const text = JSON.stringify(request.body);
    const asking = { ...request.asking, bodyHash: hashOf(text) };
    for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline;) {
      const reply = await this.attempt({ ...request, asking }, text);
      if (reply && isDecided(reply)) return reply;
      if (!request.repeat) return undefined;
      await pause(this.random.between(20, 300));
    }
    return undefined;
  }

  private async attempt({ asking, path, told }: Request, text: string): Promise<Reply | undefined> {
    const callId = this.recorder.call(asking, this.now());
    try {
      const response = await fetch(this.random.pick(this.urls) + path, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${this.key}`,
          'content-type': 'application/json',
          ...(asking.key !== undefined && { 'idempotency-key': asking.key }),
        },
        body: text,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const answer = await response.text();
      const { status } = response;
      const body = JSON.parse(answer) as JsonObject;
      const said = response.ok ? { ...told?.(body), bodyHash: hashOf(answer) } : { code: String(body.code) };
      this.recorder.answer(callId, { status, ...said }, this.now());
      return { status, body };
    } catch {
      // Refused, reset, silent, torn: whatever it was, nobody knows whether it was done.
      this.recorder.answer(callId, { lost: true }, this.now());
      return undefined;
    }
  }

  private now(): Date {
    return new Date(Date.now() + this.skewMs);
  }
}

/** Whether asking again could not bring another answer. */
const isDecided = ({ status, body }: Reply): boolean =>
  status < 500 && status !== 429 && body.code !== 'idempotency_in_progress';

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);
