import fc from 'fast-check';
import { Checker, type Verdict } from './checker.js';
import type { AnswerLine, CallLine, HistoryEvent, HistoryLine } from './history-line.js';
import type { Rule } from './rules.js';

// Histories that a correct service leaves behind, made by a model of one, and then one thing in them changed.

const AGENTS = ['ada', 'bob', 'cyd'];
const KINDS = ['agent', 'agent', 'agent', 'interactive'];
const ENDS = ['attempt_failed', 'released', 'lease_expired'] as const;

interface ModelTask {
  id: string;
  epoch: number;
  attempts: { agent: string; kind: string }[];
  held: boolean;
  done: boolean;
  blockers: ModelTask[];
}

type EventLine = Extract<HistoryLine, { kind: 'event' }>;

/** A service with its agents, which does what the numbers say. */
class Model {
  readonly lines: HistoryLine[] = [];
  private readonly tasks: ModelTask[] = [];
  private sequence = 0;
  private n = 0;

  step([what, pick, luck]: [number, number, number]): void {
    const held = this.tasks.filter((task) => task.held);
    const ready = this.tasks.filter((task) => !task.held && !task.done && task.blockers.every(({ done }) => done));
    const from = <T>(list: readonly T[]): T | undefined => list[pick % Math.max(1, list.length)];
    const mine = from(held);
    const free = from(ready);
    if (what < 2 || this.tasks.length === 0) this.create(pick, luck);
    else if (what < 5 && free) this.claim(free, pick, luck);
    else if (what < 8 && mine) this.complete(mine, luck);
    else if (what === 8 && mine) this.end(mine, luck);
    else if (mine) this.stay(mine, luck);
  }

  finish(): HistoryLine[] {
    const rows = this.tasks.map(({ id, epoch, attempts, held, done, blockers }): HistoryLine => {
      const status = done ? 'completed' : held ? 'in_progress' : 'pending';
      const assignedTo = held || done ? (attempts.at(-1)?.agent ?? null) : null;
      const openBlockers = blockers.filter((blocker) => !blocker.done).length;
      return { kind: 'task', task: { id, workspaceId: 'w', status, epoch, assignedTo, openBlockers } };
    });
    return [...this.lines, ...rows];
  }

  private create(pick: number, luck: number): void {
    const id = `t${this.tasks.length}`;
    const blockers = this.tasks.length > 0 && luck % 2 ? this.tasks.slice(pick % this.tasks.length).slice(0, 2) : [];
    this.tasks.push({ id, epoch: 0, attempts: [], held: false, done: false, blockers });
    const dependsOn = blockers.map((blocker) => ({ taskId: blocker.id, kind: 'blocks', onFailure: 'hold', outcome: null })); // prettier-ignore
    const call = this.call({ agent: 'ada', operation: 'create', key: `key-${id}` });
    this.event('created', id, { dependsOn });
    this.tell(call, luck, { status: 201, tasks: [id], bodyHash: id });
  }

  private claim(task: ModelTask, pick: number, luck: number): void {
    const agent = AGENTS[pick % AGENTS.length] ?? '';
    const kind = KINDS[luck % KINDS.length] ?? '';
    const call = this.call({ agent, operation: 'claim', claimKind: kind, key: `claim-${this.n}` });
    task.epoch += 1;
    task.held = true;
    task.attempts.push({ agent, kind });
    this.event('claimed', task.id, { agentId: agent, epoch: task.epoch, claimKind: kind });
    this.tell(call, luck, { status: 200, leases: [{ taskId: task.id, epoch: task.epoch }], bodyHash: `l${call.n}` });
  }

  private complete(task: ModelTask, luck: number): void {
    const call = this.write(task, 'complete', { bodyHash: 'result' });
    task.held = false;
    task.done = true;
    this.event('completed', task.id, this.holder(task));
    this.tell(call, luck, { status: 200 });
  }

  private end(task: ModelTask, luck: number): void {
    const holder = task.attempts.at(-1);
    const type = ENDS[luck % (holder?.kind === 'agent' ? ENDS.length : 2)] ?? 'released';
    const operation = { attempt_failed: 'fail', released: 'release', lease_expired: undefined }[type];
    const call = operation && this.write(task, operation, {});
    task.held = false;
    this.event(type, task.id, this.holder(task));
    if (call) this.answer(call, luck % 5 === 0 ? { lost: true } : { status: 200 });
  }

  /** Heartbeats, progress, and those who come too late. */
  private stay(task: ModelTask, luck: number): void {
    if (luck % 3 === 0) {
      const { agentId, epoch } = this.holder(task);
      const call = this.call({ agent: agentId, operation: 'heartbeat', leases: [{ taskId: task.id, epoch }] });
      this.answer(call, { status: 200, results: [{ taskId: task.id, epoch }] });
    } else if (luck % 3 === 1) {
      const call = this.write(task, 'progress', {});
      this.event('progressed', task.id, this.holder(task));
      this.answer(call, { status: 200 });
    } else if (task.epoch > 1) {
      const agent = task.attempts.at(-2)?.agent ?? '';
      const call = this.call({
        agent,
        operation: 'complete',
        taskId: task.id,
        epoch: task.epoch - 1,
        bodyHash: 'late',
      });
      this.answer(call, { status: 409, code: 'lease_lost' });
    }
  }

  /** The answer, or a lost one and the repeat. */
  private tell(call: CallLine, luck: number, told: Partial<AnswerLine>): void {
    if (luck % 4 === 0) {
      this.answer(call, { lost: true });
      const { agent, operation, taskId, epoch, key, claimKind, bodyHash } = call;
      const again = { agent, operation, taskId, epoch, key, claimKind, bodyHash };
      this.answer(this.call(JSON.parse(JSON.stringify(again)) as typeof again), told);
    } else this.answer(call, told);
  }

  private holder(task: ModelTask) {
    return { agentId: task.attempts.at(-1)?.agent ?? '', epoch: task.epoch };
  }

  private write(task: ModelTask, operation: string, more: Partial<CallLine>): CallLine {
    const { agentId, epoch } = this.holder(task);
    return this.call({ agent: agentId, operation, taskId: task.id, epoch, ...more });
  }

  private call(asked: Partial<CallLine> & Pick<CallLine, 'agent' | 'operation'>): CallLine {
    const n = this.n++;
    const call: CallLine = { kind: 'call', n, at: 'some time', id: `c${n}`, ...asked };
    this.lines.push(call);
    return call;
  }

  private answer(call: CallLine, told: Partial<AnswerLine>): void {
    this.lines.push({ kind: 'answer', n: this.n++, at: 'some time', callId: call.id, ...told });
  }

  private event(type: string, id: string, data: HistoryEvent['data']): void {
    this.sequence += 1;
    this.lines.push({ kind: 'event', event: { ...at(this.sequence), type: `task.${type}`, subject: `task/${id}`, feed: 'w', data } }); // prettier-ignore
  }
}

const at = (sequence: number) => ({ sequence, time: new Date(Date.UTC(2026, 0, 1) + sequence * 1_000).toISOString() });

function judge(lines: readonly HistoryLine[]): Verdict {
  const checker = new Checker();
  for (const line of lines) checker.see(line);
  return checker.verdict();
}

/** Numbers the events anew, so that what was put in or taken out is no gap. */
function renumbered(lines: readonly HistoryLine[]): HistoryLine[] {
  let sequence = 0;
  return lines.map((line) => (line.kind === 'event' ? { ...line, event: { ...line.event, ...at(++sequence) } } : line));
}

type Change = (lines: HistoryLine[], index: number) => HistoryLine[] | undefined;

/** A change of one event of this type, which may not apply to every one. */
const ofEvent =
  (
    type: RegExp,
    change: (event: HistoryEvent, lines: HistoryLine[], index: number) => HistoryLine[] | undefined,
  ): Change =>
  (lines, index) => {
    const line = lines[index];
    return line?.kind === 'event' && type.test(line.event.type) ? change(line.event, lines, index) : undefined;
  };
const ofAnswer =
  (
    change: (call: CallLine, answer: AnswerLine, lines: HistoryLine[], index: number) => HistoryLine[] | undefined,
  ): Change =>
  (lines, index) => {
    const answer = lines[index];
    if (answer?.kind !== 'answer') return undefined;
    const call = lines.find((line): line is CallLine => line.kind === 'call' && line.id === answer.callId);
    return call && change(call, answer, lines, index);
  };

const replaced = (lines: HistoryLine[], index: number, line: HistoryLine): HistoryLine[] => lines.with(index, line);
const withEvent = (lines: HistoryLine[], index: number, event: HistoryEvent, change: object): HistoryLine[] => replaced(lines, index, { kind: 'event', event: { ...event, ...change } }); // prettier-ignore
const withData = (lines: HistoryLine[], index: number, event: HistoryEvent, data: object): HistoryLine[] => withEvent(lines, index, event, { data: { ...event.data, ...data } }); // prettier-ignore
const laterOf = (lines: readonly HistoryLine[], index: number, subject: string): HistoryEvent[] =>
  lines
    .slice(index + 1)
    .filter((line): line is EventLine => line.kind === 'event' && line.event.subject === subject)
    .map(({ event }) => event);
const inserted = (lines: HistoryLine[], index: number, event: HistoryEvent): HistoryLine[] => renumbered(lines.toSpliced(index + 1, 0, { kind: 'event', event })); // prettier-ignore
const asked = (lines: HistoryLine[], call: Partial<CallLine> & Pick<CallLine, 'agent' | 'operation'>, told: Partial<AnswerLine>): HistoryLine[] => [
  ...lines,
  { kind: 'call', n: 1e6, at: 'later', id: 'planted', ...call },
  { kind: 'answer', n: 1e6 + 1, at: 'later', callId: 'planted', ...told },
]; // prettier-ignore

const CHANGES: Record<Rule, Change> = {
  sequence_gap: ofEvent(/./, ({ feed }, lines, index) =>
    lines.slice(index + 1).some((line) => line.kind === 'event' && line.event.feed === feed)
      ? lines.toSpliced(index, 1)
      : undefined,
  ),
  time_backwards: ofEvent(/./, (event, lines, index) =>
    event.sequence > 1 ? withEvent(lines, index, event, { time: '2025-01-01T00:00:00.000Z' }) : undefined,
  ),
  finished_twice: ofEvent(/completed/, (event, lines, index) => inserted(lines, index, event)),
  claimed_while_held: ofEvent(/attempt_failed|released|lease_expired/, (event, lines, index) =>
    laterOf(lines, index, event.subject).length > 0 ? renumbered(lines.toSpliced(index, 1)) : undefined,
  ),
  epoch_not_rising: ofEvent(/claimed/, (event, lines, index) =>
    Number(event.data?.epoch) > 1 ? withData(lines, index, event, { epoch: 1 }) : undefined,
  ),
  claimed_when_done: ofEvent(/completed/, (event, lines, index) =>
    inserted(lines, index, { ...event, type: 'task.claimed', data: { ...event.data, epoch: 99 } }),
  ),
  claimed_before_blocker: ofEvent(/created/, (event, lines, index) => {
    const claim = lines.findIndex((line) => line.kind === 'event' && line.event.type === 'task.claimed' && line.event.subject === event.subject); // prettier-ignore
    if (claim < 0) return undefined;
    const done = lines.slice(0, claim).flatMap((line) => (line.kind === 'event' && line.event.type === 'task.completed' ? [line.event.subject] : [])); // prettier-ignore
    const open = lines.slice(0, claim).find((line): line is EventLine => line.kind === 'event' && line.event.type === 'task.created' && !done.includes(line.event.subject) && line.event.subject !== event.subject); // prettier-ignore
    return open && withData(lines, index, event, { dependsOn: [{ taskId: open.event.subject.slice(5), kind: 'blocks' }] }); // prettier-ignore
  }),
  not_by_holder: ofEvent(/completed|released|attempt_failed|progressed/, (event, lines, index) =>
    withData(lines, index, event, { agentId: 'zoe' }),
  ),
  interactive_taken: ofEvent(/released|attempt_failed/, (event, lines, index) =>
    lines.some((line) => line.kind === 'event' && line.event.subject === event.subject && line.event.data?.epoch === event.data?.epoch && line.event.data?.claimKind === 'interactive') // prettier-ignore
      ? withEvent(lines, index, event, { type: 'task.lease_expired' })
      : undefined,
  ),
  told_but_not_claimed: ofAnswer((_, answer, lines, index) => {
    const [lease] = answer.leases ?? [];
    return lease && replaced(lines, index, { ...answer, leases: [{ ...lease, epoch: 77 }] });
  }),
  told_but_not_done: ofAnswer(({ operation }, answer, lines, index) =>
    operation === 'create' && answer.tasks ? replaced(lines, index, { ...answer, tasks: ['no-such-task'] }) : undefined,
  ),
  given_twice: ofAnswer((_, { leases }, lines) => leases && asked(lines, { agent: 'zoe', operation: 'claim' }, { status: 200, leases })), // prettier-ignore
  stale_accepted: ofAnswer((call, { leases: [lease] = [] }, lines) => {
    const newer = lines.some((line) => line.kind === 'answer' && line.leases?.some(({ taskId, epoch }) => taskId === lease?.taskId && epoch > lease.epoch)); // prettier-ignore
    return lease && newer ? asked(lines, { agent: call.agent, operation: 'heartbeat', leases: [lease] }, { status: 200, results: [lease] }) : undefined; // prettier-ignore
  }),
  refused_but_done: ofAnswer(({ operation }, answer, lines, index) =>
    operation === 'complete' && answer.status === 200
      ? replaced(lines, index, { ...answer, status: 409, code: 'lease_lost' })
      : undefined,
  ),
  repeat_answered_otherwise: ofAnswer((call, answer, lines) => {
    const { agent, operation, taskId, epoch, bodyHash } = call;
    return operation === 'complete' && answer.status === 200
      ? asked(lines, { agent, operation, ...(taskId && { taskId }), ...(epoch && { epoch }), ...(bodyHash && { bodyHash }) }, { status: 409, code: 'lease_lost' }) // prettier-ignore
      : undefined;
  }),
  row_disagrees: (lines, index) => {
    const line = lines[index];
    if (line?.kind !== 'task') return undefined;
    return replaced(lines, index, { ...line, task: { ...line.task, epoch: line.task.epoch + 1 } });
  },
};

const steps = fc.array(fc.tuple(fc.nat(9), fc.nat(1_000), fc.nat(1_000)), { minLength: 30, maxLength: 120 });
const history = steps.map((numbers) => {
  const model = new Model();
  for (const numbersOfStep of numbers) model.step(numbersOfStep);
  return model.finish();
});

describe('Checker, on made-up histories', () => {
  it('finds every one of a correct service clean', () => {
    fc.assert(
      fc.property(history, (lines) => expect(judge(lines).violations).toEqual([])),
      { numRuns: 300 },
    );
  });

  it.each(Object.keys(CHANGES) as Rule[])('finds %s wherever it is planted', (rule) => {
    fc.assert(
      fc.property(history, fc.nat(10_000), (lines, pick) => {
        const changed = lines.flatMap((_, index) => (CHANGES[rule](lines, index) ? [index] : []));
        fc.pre(changed.length > 0);
        const mutant = CHANGES[rule](lines, changed[pick % changed.length] ?? 0) ?? [];
        expect(judge(mutant).rules[rule]).toBeGreaterThan(0);
      }),
      { numRuns: 60 },
    );
  });
});
