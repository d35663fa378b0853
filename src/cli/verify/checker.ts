import { Answers } from './answers.js';
import { FeedOrder } from './feed-order.js';
import type { HistoryLine, HistoryTask } from './history-line.js';
import { rowProblem } from './row-problem.js';
import { RULES, type Rule, type Violation, Violations } from './rules.js';
import { TaskLog } from './task-log.js';

export interface Verdict {
  clean: boolean;
  events: number;
  tasks: number;
  claims: number;
  completions: number;
  calls: number;
  /** Answers that say whether it was done. */
  answers: number;
  /** Calls that never got an answer. */
  lost: number;
  /** Calls with a key that was used before. */
  repeats: number;
  /** Final rows of tasks. */
  rows: number;
  /** Blockers whose tasks the history does not hold (they are in other workspaces, or older than it): not judged. */
  unknownBlockers: number;
  violationCount: number;
  /** How many of each rule; a rule that is kept is 0. */
  rules: Record<Rule, number>;
  /** The first hundred. */
  violations: Violation[];
}

/**
 * Judges a history: what agents asked and were told, the event log, and the tasks as they stand at the end. Give it
 * every line, each recorder's in its order. It keeps what it must know of tasks and leases, and no line.
 */
export class Checker {
  private readonly violations = new Violations();
  private readonly feeds = new FeedOrder(this.violations);
  private readonly log = new TaskLog(this.violations, this.feeds);
  private readonly answers = new Answers(this.violations);
  private readonly rows: HistoryTask[] = [];
  private events = 0;

  /**
   * @param recorder names the writer of the line, such as its file
   * @throws BadHistoryLine when the line cannot stand where it stands
   */
  see(line: HistoryLine, recorder = ''): void {
    switch (line.kind) {
      case 'call':
        return this.answers.call(recorder, line);
      case 'answer':
        return this.answers.answer(recorder, line);
      case 'feed':
        return this.feeds.begin(recorder, line.feed, line.after);
      case 'event':
        this.events += 1;
        if (this.feeds.see(recorder, line.event)) this.log.see(line.event);
        return;
      case 'task':
        this.rows.push(line.task);
    }
  }

  /** To be asked once, at the end. */
  verdict(): Verdict {
    this.log.finish();
    this.answers.finish();
    this.answers.leases.holdAgainst(this.log);
    for (const id of this.answers.created) {
      if (!this.log.find(id)?.whole) this.violations.add({ rule: 'told_but_not_done', taskId: id, detail: 'create' });
    }
    this.judgeRows();
    const { total, counts, kept } = this.violations;
    const names = Object.keys(RULES) as Rule[];
    return {
      clean: total === 0,
      events: this.events,
      tasks: this.log.size,
      ...this.log.counts,
      ...this.answers.counts,
      rows: this.rows.length,
      violationCount: total,
      rules: Object.fromEntries(names.map((rule) => [rule, counts[rule] ?? 0])) as Record<Rule, number>,
      violations: kept,
    };
  }

  private judgeRows(): void {
    const listed = new Set<string>();
    for (const row of this.rows) {
      if (!this.feeds.isWhole(row.workspaceId)) continue;
      listed.add(row.workspaceId);
      const state = this.log.find(row.id);
      if (state) state.hasRow = true;
      const problem = state ? rowProblem(row, state, this.log.isBlocked(state)) : 'the log does not know it';
      if (problem) this.violations.add({ rule: 'row_disagrees', taskId: row.id, detail: problem });
    }
    for (const [taskId, { feed, hasRow, deleted }] of this.log.all()) {
      if (!listed.has(feed) || hasRow || deleted) continue;
      this.violations.add({ rule: 'row_disagrees', taskId, detail: 'it is in the log, and no task any more' });
    }
  }
}
