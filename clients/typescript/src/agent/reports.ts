import type { MusterError } from '../errors.js';
import type { Answer } from '../outbox/outbox.js';

export interface AgentReports {
  /**
   * An answer that the server refused for good, mostly because the lease was lost: what was worked out is not in the
   * task. With an outbox it is kept in the folder `refused` as well. Written to the console unless given.
   */
  onAbandoned?: (answer: Answer, why: MusterError) => void;
  /** What went wrong and will be tried again. Written to the console unless given. */
  onTrouble?: (message: string, error: unknown) => void;
}

/** Tells the application. */
export class Report {
  constructor(private readonly of: AgentReports) {}

  trouble(message: string, error: unknown): void {
    if (this.of.onTrouble) this.of.onTrouble(message, error);
    else warn(`${message} ${String(error)}`);
  }

  abandoned(answer: Answer, why: MusterError): void {
    if (this.of.onAbandoned) this.of.onAbandoned(answer, why);
    else warn(`The ${answer.method} of task ${answer.params.id} was refused: ${why.detail}`);
  }
}

/** Nothing is silent where nobody listens. */
// eslint-disable-next-line no-console -- an application that wants it elsewhere gives its own functions
const warn = (text: string): void => console.warn(text);
