import type { AnswerLine, CallLine, HistoryLine } from './history-line.js';

export type Asking = Omit<CallLine, 'kind' | 'n' | 'at' | 'id'>;
export type Told = Omit<AnswerLine, 'kind' | 'n' | 'at' | 'callId'>;

/**
 * Writes down what agents ask and are told: the call before its request is sent, the answer when it has come. Agents
 * that share a recorder share its order.
 */
export class Recorder {
  private n = 0;

  /** @param sink gets every line, in order */
  constructor(private readonly sink: (line: HistoryLine) => void) {}

  /** Answers the id of the call. */
  call(asking: Asking, at = new Date()): string {
    const n = this.next();
    const id = `c${n}`;
    this.sink({ kind: 'call', n, at: at.toISOString(), id, ...asking });
    return id;
  }

  answer(callId: string, told: Told, at = new Date()): void {
    this.sink({ kind: 'answer', n: this.next(), at: at.toISOString(), callId, ...told });
  }

  private next(): number {
    this.n += 1;
    return this.n;
  }
}
