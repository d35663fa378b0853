import type { Call, Client } from '../client.js';
import { ApiError, Unreachable } from '../failures.js';
import type { Asking, Recorder, Told } from './recorder.js';

/** A request that is written down with what came of it. */
interface Request<Body> {
  asking: Asking;
  path: string;
  body: object;
  call?: Call;
  /** What of the answer belongs into the history. */
  told?: (body: Body) => Told;
}

/** The client of an agent whose requests are recorded. Repeats that the client makes by itself are one request. */
export class RecordedClient {
  constructor(
    private readonly client: Client,
    private readonly recorder: Recorder,
  ) {}

  async post<Body>({ asking, path, body, call, told }: Request<Body>): Promise<Body> {
    const callId = this.recorder.call(asking);
    try {
      const answer = await this.client.post<Body>(path, body, call);
      this.recorder.answer(callId, { status: 200, ...told?.(answer) });
      return answer;
    } catch (error) {
      if (error instanceof ApiError) this.recorder.answer(callId, { status: error.status, code: error.code });
      else if (error instanceof Unreachable) this.recorder.answer(callId, { lost: true });
      throw error;
    }
  }
}
