/** What a history is judged by. The names are part of the tool's output and stay. */
export const RULES = {
  sequence_gap: 'events of a feed are numbered 1, 2, 3 … without a gap',
  time_backwards: 'the time of a feed does not run against its numbers',
  finished_twice: 'a task ends for good once',
  claimed_while_held: 'a task is claimed only after the lease before has ended',
  epoch_not_rising: 'each claim of a task has a higher epoch than the one before',
  claimed_when_done: 'a task that has ended for good is not claimed again',
  claimed_before_blocker: 'a task is claimed only after everything that blocks it has ended',
  not_by_holder: 'a task is progressed and ended by the holder of its newest epoch, or because the time is over',
  interactive_taken: 'a claim of kind interactive or human is never taken away',
  told_but_not_claimed: 'a lease that an agent was given is in the log, under its name and epoch',
  told_but_not_done: 'what an agent was told to be done is in the log',
  given_twice: 'one lease is given to one agent, once',
  stale_accepted: 'nothing is accepted under an epoch after a newer one was given',
  refused_but_done: 'what was refused is not done',
  repeat_answered_otherwise: 'a repeated request is answered as the first one was',
  row_disagrees: 'the task as it stands at the end is what the log says',
} as const;
export type Rule = keyof typeof RULES;

export interface Violation {
  rule: Rule;
  detail: string;
  taskId?: string;
  /** The feed and the number in it, of a violation that an event shows. */
  feed?: string;
  sequence?: number;
}

/** The first so many are kept; all are counted. */
const MAX_KEPT = 100;

/** What was found, in bounded memory. */
export class Violations {
  readonly kept: Violation[] = [];
  readonly counts: Partial<Record<Rule, number>> = {};
  total = 0;

  add(violation: Violation): void {
    this.total += 1;
    this.counts[violation.rule] = (this.counts[violation.rule] ?? 0) + 1;
    if (this.kept.length < MAX_KEPT) this.kept.push(violation);
  }
}
