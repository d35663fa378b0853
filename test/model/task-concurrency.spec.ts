import fc from 'fast-check';
import type { Held, Lease } from '../../src/tasks/index.js';
import { scratchDatabase } from '../support/database.js';
import { startGiven } from '../support/given.js';
import { replay, type Moment } from './replay.js';
import { runs, TIMEOUT_MS } from './runs.js';
import { type Draft, type Terms, type TaskModel, verdict, type Write } from './task-model.js';
import { agentAt, answerOf, inputOf, type Services, sorted, World } from './world.js';

const WRITES = ['progress', 'complete', 'fail', 'release', 'await'] as const;
const OTHERS = [
  'create',
  'claim',
  'claim',
  'goOn',
  'input',
  'cancel',
  'retry',
  'edge',
  'loose',
  'delete',
  'expire',
] as const;
type Act = (typeof WRITES)[number] | (typeof OTHERS)[number] | 'heartbeat';

/** What one client does: `n` says to which task, `m` how. */
const step = fc.record({
  act: fc.constantFrom<Act>(...OTHERS, ...WRITES, 'complete', 'create', 'heartbeat'),
  n: fc.nat(1_000),
  m: fc.nat(1_000),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const clients = fc.array(fc.array(step, { minLength: 25, maxLength: 40, size: 'max' }), { minLength: 6, maxLength: 6 });

/** A write under an epoch as it was answered, and between which numbers of the log. */
interface Answered {
  write: Write;
  taskId: string;
  epoch: number;
  code: string;
  from: number;
  to: number;
}

/** What all clients of a run know together, and what they were told. */
class Fleet {
  readonly drafts = new Map<string, Draft>();
  readonly answers: Answered[] = [];
  readonly given: { taskId: string; epoch: number; agentId: string }[] = [];
  readonly created: string[] = [];

  constructor(
    private readonly world: World,
    private readonly model: TaskModel,
    private readonly policy: 'fail' | 'skip',
  ) {}

  async run(node: Services, steps: readonly Step[]): Promise<void> {
    for (const one of steps) await this.do(node, one);
  }

  async last(): Promise<number> {
    const [row] = await this.world.tenant.rows<{ seq: number }>(
      'SELECT coalesce(max(seq), 0)::int AS seq FROM events WHERE tenant_id = $1 AND feed_id = $2',
      this.world.tenant.workspace.id,
    );
    return row?.seq ?? 0;
  }

  private async do(node: Services, { act, n, m }: Step): Promise<void> {
    const { caller } = this.world.tenant;
    const id = at([...this.drafts.keys()], n) ?? this.world.foreignId;
    const other = at([...this.drafts.keys()], m) ?? this.world.foreignId;
    // The newest leases more often than old ones.
    const lease = at(this.given.slice(-6), n) ?? { taskId: id, epoch: 1 };
    const held = m % 7 === 0 ? { ...lease, epoch: lease.epoch + (m % 2 ? 1 : -1) } : lease;
    switch (act) {
      case 'create':
        return this.create(node, n, m);
      case 'claim':
        return this.claim(node, n, m);
      case 'goOn':
        return this.goOn(node, held, m);
      case 'heartbeat':
        await node.claims.heartbeat(caller, [held]);
        return;
      case 'input':
        return this.allow(['not_found', 'invalid_transition'], node.inputs.giveInput(caller, lease.taskId, 'It.'));
      case 'cancel':
        return this.allow(
          ['not_found', 'invalid_transition'],
          node.interventions.cancel(caller, id, { tree: m % 2 === 0 }),
        );
      case 'retry':
        return this.allow(['not_found', 'invalid_transition', 'duplicate_task'], node.interventions.retry(caller, id));
      case 'edge': {
        const { outcome: _outcome, ...terms } = this.terms(m);
        const codes = ['not_found', 'already_exists', 'dependency_cycle', 'task_not_waiting'];
        return this.allow(codes, node.edges.add(caller, id, { taskId: other, ...terms }));
      }
      case 'loose':
        return this.allow(['not_found'], node.edges.remove(caller, id, other, 'blocks'));
      case 'delete':
        return this.allow(['not_found', 'task_in_progress', 'task_blocks_others'], node.tasks.delete(caller, id));
      case 'expire':
        return this.expire(node, lease.taskId, m);
      case 'progress':
      case 'complete':
      case 'fail':
      case 'release':
      case 'await':
        return this.write(act, held, this.writes(node, held, m)[act]);
    }
  }

  private writes(node: Services, held: Held, m: number) {
    const { caller } = this.world.tenant;
    const failure = { code: 'broken', message: 'It broke.', retryable: m % 3 > 0 };
    return {
      progress: () => node.claims.progress(caller, held, { percent: m % 101 }),
      complete: () => node.claims.complete(caller, held, true),
      fail: () => node.claims.fail(caller, held, failure),
      release: () => node.claims.release(caller, held),
      await: () => node.inputs.awaitInput(caller, held, '?'),
    };
  }

  private async write(write: Write, held: Held, work: () => Promise<unknown>): Promise<void> {
    const from = await this.last();
    const { code } = await answerOf(work().then(() => undefined));
    const { taskId, epoch } = held;
    this.answers.push({ write, taskId, epoch, code, from, to: await this.last() });
  }

  private async claim(node: Services, n: number, m: number): Promise<void> {
    const { id: agentId } = agentAt(this.model, n);
    const options = { agentId, limit: 1 + (m % 3), leaseSeconds: 600 };
    this.keep(agentId, await node.claims.claim(this.world.tenant.caller, options));
  }

  private async goOn(node: Services, held: Held, m: number): Promise<void> {
    const { id: agentId } = agentAt(this.model, m);
    const next = { agentId, leaseSeconds: 600 };
    await this.write('complete', held, async () => {
      const done = await node.claims.completeAndClaim(this.world.tenant.caller, held, true, next);
      this.keep(agentId, done.next ? [done.next] : []);
    });
  }

  private keep(agentId: string, leases: readonly Lease[]): void {
    for (const { task, epoch } of leases) this.given.push({ taskId: task.id, epoch, agentId });
  }

  private async create(node: Services, n: number, m: number): Promise<void> {
    const blocker = at([...this.drafts.keys()], m);
    const draft: Draft = {
      id: this.world.newId(),
      type: 'build',
      priority: n % 5,
      capabilities: n % 4 === 0 ? ['web'] : [],
      dedupeKey: n % 7 === 0 ? 'the same' : null,
      concurrencyKey: [null, null, 'narrow', 'wide'][m % 4] ?? null,
      maxAttempts: 1 + (n % 3),
      later: false,
      assignee: n % 9 === 0 ? agentAt(this.model, m).id : null,
      parent: n % 5 === 0 ? (at([...this.drafts.keys()], n) ?? null) : null,
      edges: blocker && m % 2 === 0 ? [{ ...this.terms(n), blocker }] : [],
    };
    this.drafts.set(draft.id, draft);
    const made = node.tasks.create(this.world.tenant.caller, inputOf(draft, `task ${this.drafts.size}`));
    await this.allow(
      ['duplicate_task', 'not_found', 'parent_cancelled'],
      made.then(() => this.created.push(draft.id)),
    );
  }

  private async expire(node: Services, id: string, m: number): Promise<void> {
    const column = m % 2 === 0 ? 'lease_expires_at' : 'timeout_at';
    await this.world.tenant.rows(
      `UPDATE tasks SET ${column} = now() - interval '1 second' WHERE tenant_id = $1 AND id = $2 AND status = 'in_progress'`,
      id,
    );
    await node.sweeper.sweep();
  }

  /** One policy a run: where two disagree, either would be right. */
  private terms(n: number): Terms {
    const onFailure = (['hold', this.policy, this.policy, 'proceed'] as const)[n % 4] ?? 'hold';
    return { kind: n % 3 === 0 ? 'waits_for' : 'blocks', onFailure, outcome: null };
  }

  private async allow(codes: readonly string[], work: Promise<unknown>): Promise<void> {
    const { code } = await answerOf(work.then(() => undefined));
    expect(['ok', ...codes]).toContain(code);
  }
}

const at = <T>(values: readonly T[], index: number): T | undefined => values[index % values.length];

const REFUSALS = ['not_found', 'lease_lost', 'invalid_transition', 'cancel_requested'];

/** Whether what a client was told was true at some moment between its question and the answer. */
function isExplained(answer: Answered, moments: readonly Moment[]): boolean {
  const { write, epoch, code, from, to } = answer;
  const before = moments.findLastIndex(({ seq }) => seq <= from);
  const seen: (Moment | undefined)[] = moments.filter(({ seq }, index) => index >= before && seq <= to);
  if (before < 0) seen.push(undefined);
  const told = seen.map((moment) => verdict(moment, epoch, write));
  if (code !== 'ok') return REFUSALS.includes(code) && told.some((one) => one !== 'ok');
  const isRepeat =
    write === 'complete' && seen.some((moment) => moment?.status === 'completed' && moment.epoch === epoch);
  return isRepeat || told.includes('ok');
}

describe('tasks under many clients over two nodes', () => {
  const given = startGiven({ nodes: 2, database: () => scratchDatabase() });

  it(
    'do what the log says, step by legal step, and tell nobody anything else',
    async () => {
      await fc.assert(
        fc.asyncProperty(clients, fc.constantFrom('fail' as const, 'skip' as const), async (scripts, policy) => {
          const { real: world, model: before } = await World.begin(given);
          const fleet = new Fleet(world, before, policy);

          await Promise.all(scripts.map((steps, index) => fleet.run(world.nodeAt(index), steps)));

          const events = await world.tenant.events.all();
          expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
          const { model, moments } = replay(events, { ...before, drafts: fleet.drafts });
          await world.compareEnd(model);
          // Every answer is in the log, and every claim of the log was somebody's answer.
          expect([...model.tasks.keys()].sort()).toEqual(fleet.created.sort());
          const claims = events.filter(({ type }) => type === 'task.claimed');
          const inLog = claims.map(({ subjectId, data }) => ({
            taskId: subjectId,
            epoch: data?.epoch,
            agentId: data?.agentId,
          }));
          expect(sorted(fleet.given)).toEqual(sorted(inLog));
          const ends = events.filter(({ type }) => type === 'task.completed');
          const completed = new Set(ends.map(({ subjectId, data }) => `${subjectId} ${data?.epoch}`));
          const told = fleet.answers.filter(({ write, code }) => write === 'complete' && code === 'ok');
          expect(new Set(told.map(({ taskId, epoch }) => `${taskId} ${epoch}`))).toEqual(completed);
          expect(fleet.answers.filter((one) => !isExplained(one, moments.get(one.taskId) ?? []))).toEqual([]);
        }),
        // Its order is not repeatable, so smaller counterexamples would say nothing.
        { ...runs(5), endOnFailure: true },
      );
    },
    TIMEOUT_MS,
  );
});
