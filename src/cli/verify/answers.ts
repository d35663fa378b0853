import type { AnswerLine, CallLine, LeaseOf } from './history-line.js';
import { BadHistoryLine } from './history-line.js';
import type { Rule, Violations } from './rules.js';
import { LeaseBook, type Refusal } from './lease-book.js';

/** A call that has no answer yet. */
interface Asked extends Omit<CallLine, 'kind' | 'n' | 'at'> {
  /** Leases that it names although a newer one of the same task had been given before it was sent. */
  stale: LeaseOf[];
}

/** One writer of a history, by whose own order a call can be later than an answer. */
interface Recorder {
  n: number;
  asked: Map<string, Asked>;
  newest: Map<string, number>;
}

interface KeyState {
  request: string | undefined;
  /** What the first answer that counts was. */
  answer?: string;
}

/**
 * Judges what agents asked and were told. Calls and answers of one recorder come in its order; whether the log agrees
 * is seen at the end, for events may come before or after them.
 */
export class Answers {
  readonly counts = { calls: 0, answers: 0, lost: 0, repeats: 0 };
  readonly leases: LeaseBook;
  readonly created = new Set<string>();
  private readonly recorders = new Map<string, Recorder>();
  private readonly keys = new Map<string, KeyState>();

  constructor(private readonly violations: Violations) {
    this.leases = new LeaseBook(violations);
  }

  call(name: string, { kind: _kind, at: _at, n, ...call }: CallLine): void {
    const recorder = this.recorder(name, n);
    this.counts.calls += 1;
    if (recorder.asked.has(call.id)) throw new BadHistoryLine(`the call ${call.id} stands there already`);
    const repeated = this.isRepeat(call);
    if (repeated) this.counts.repeats += 1;
    const stale = repeated
      ? []
      : targetsOf(call).filter(({ taskId, epoch }) => (recorder.newest.get(taskId) ?? 0) > epoch);
    recorder.asked.set(call.id, { ...call, stale });
  }

  answer(name: string, answer: AnswerLine): void {
    const recorder = this.recorder(name, answer.n);
    const asked = recorder.asked.get(answer.callId);
    if (!asked) throw new BadHistoryLine(`the call ${answer.callId} that it answers does not stand before it`);
    recorder.asked.delete(answer.callId);
    const refusal = refusalOf(answer);
    if (refusal === 'unknown') {
      this.counts.lost += answer.lost ? 1 : 0;
      this.leases.lost(asked);
      return;
    }
    this.counts.answers += 1;
    this.holdAgainstKey(asked, answer, refusal);
    if (refusal) this.leases.refused(asked, refusal);
    else this.accepted(recorder, asked, answer);
  }

  /** What nobody answered until the end of the history may have been done. */
  finish(): void {
    for (const { asked } of this.recorders.values()) {
      for (const call of asked.values()) {
        this.counts.lost += 1;
        this.leases.lost(call);
      }
      asked.clear();
    }
  }

  private accepted(recorder: Recorder, asked: Asked, answer: AnswerLine): void {
    for (const id of answer.tasks ?? []) this.created.add(id);
    for (const lease of answer.leases ?? []) {
      const { taskId, epoch } = lease;
      recorder.newest.set(taskId, Math.max(recorder.newest.get(taskId) ?? 0, epoch));
      this.leases.given(asked, lease);
    }
    const refused = new Set((answer.results ?? []).filter(({ code }) => code !== undefined).map(nameOf));
    for (const lease of asked.stale) {
      if (refused.has(nameOf(lease))) continue;
      const detail = `${asked.operation} of agent ${asked.agent} under epoch ${lease.epoch}`;
      this.violated('stale_accepted', lease.taskId, detail);
    }
    if (asked.operation === 'heartbeat') {
      for (const lease of asked.leases ?? []) if (!refused.has(nameOf(lease))) this.leases.confirmed(asked, lease);
    } else this.leases.done(asked);
  }

  private isRepeat({ agent, key, bodyHash }: CallLineLike): boolean {
    if (key === undefined) return false;
    const name = `${agent} ${key}`;
    if (this.keys.has(name)) return true;
    this.keys.set(name, { request: bodyHash });
    return false;
  }

  /** The first answer under a key is given again to every repeat, and to no other request. */
  private holdAgainstKey(asked: Asked, answer: AnswerLine, refusal: Refusal | undefined): void {
    const state = asked.key === undefined ? undefined : this.keys.get(`${asked.agent} ${asked.key}`);
    // A claim that found nothing keeps nothing, so that its repeat looks again.
    if (!state || (asked.operation === 'claim' && !refusal && !answer.leases?.length)) return;
    const same = state.request === asked.bodyHash;
    const violated = (detail: string): void =>
      this.violated('repeat_answered_otherwise', asked.taskId, `${asked.operation} with key ${asked.key}: ${detail}`);
    if (refusal) {
      if (state.answer !== undefined && same) violated(`refused (${refusal.code}) after it was done`);
      return;
    }
    const digest = answer.bodyHash ?? JSON.stringify([answer.leases, answer.results, answer.tasks]);
    if (state.answer === undefined) Object.assign(state, { answer: digest, request: asked.bodyHash });
    else if (!same) violated('another body was accepted under the same key');
    else if (state.answer !== digest) violated('the answers differ');
  }

  private recorder(name: string, n: number): Recorder {
    const known = this.recorders.get(name) ?? { n: -1, asked: new Map(), newest: new Map() };
    if (n <= known.n) throw new BadHistoryLine(`n must rise, and ${n} follows ${known.n}`);
    known.n = n;
    this.recorders.set(name, known);
    return known;
  }

  private violated(rule: Rule, taskId: string | undefined, detail: string): void {
    this.violations.add({ rule, detail, ...(taskId !== undefined && { taskId }) });
  }
}

type CallLineLike = Pick<CallLine, 'agent' | 'key' | 'bodyHash'>;

const nameOf = ({ taskId, epoch }: LeaseOf): string => `${taskId} ${epoch}`;

function targetsOf({ operation, taskId, epoch, leases }: Omit<CallLine, 'kind' | 'n' | 'at'>): LeaseOf[] {
  if (operation === 'heartbeat') return leases ?? [];
  return taskId !== undefined && epoch !== undefined ? [{ taskId, epoch }] : [];
}

/** Refusals of the request as such, not of what it asks for: the same may be accepted a moment later. */
const NOT_DECIDED = new Set([401, 403, 408, 425, 429]);

/** Why it was refused; undefined when it was done; `unknown` when that cannot be told. */
function refusalOf({ lost, status = 0, code = '' }: AnswerLine): Refusal | 'unknown' | undefined {
  if (lost || status >= 500 || status < 200) return 'unknown';
  if (status < 300) return undefined;
  if (NOT_DECIDED.has(status) || code === 'idempotency_in_progress') return 'unknown';
  return { code: code || String(status) };
}
