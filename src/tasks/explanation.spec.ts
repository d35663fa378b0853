import { type Candidate, type Circumstances, explain } from './explanation.js';
import type { BlockerView, ReasonCode } from './explanation.view.js';
import type { Task } from './task.entity.js';

const NOW = new Date('2026-01-01T12:00:00Z');
const at = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1_000);

const TASK: Task = {
  tenantId: 't',
  id: 'id',
  workspaceId: 'w',
  type: 'build',
  title: 'Build it',
  description: null,
  parameters: {},
  status: 'pending',
  priority: 'normal',
  tags: [],
  labels: {},
  requiredCapabilities: [],
  parentTaskId: null,
  assignedTo: null,
  delegatedFrom: null,
  createdBy: 'x',
  externalRef: null,
  runAt: null,
  deadline: null,
  dedupeKey: null,
  concurrencyKey: null,
  openBlockers: 0,
  readyAt: at(-60),
  maxAttempts: 3,
  timeoutSeconds: 3_600,
  retry: null,
  attempt: 0,
  epoch: 0,
  claimKind: null,
  claimedAt: null,
  leaseSeconds: null,
  leaseExpiresAt: null,
  timeoutAt: null,
  overdueAt: null,
  cancelRequestedAt: null,
  cancelReason: null,
  awaitingSince: null,
  inputRequest: null,
  input: null,
  startedAt: null,
  completedAt: null,
  progress: 0,
  progressMessage: null,
  partialResult: null,
  result: null,
  error: null,
  createdAt: at(-60),
  updatedAt: at(-60),
  deletedAt: null,
  version: 1,
};
const ADA: Candidate = { id: 'ada', status: 'active', capacity: null, held: 0 };

const circumstances = (task: Partial<Task> = {}, more: Partial<Circumstances> = {}): Circumstances => ({
  now: NOW,
  task: { ...TASK, ...task },
  blockers: [],
  pauses: [],
  capable: [ADA],
  assignee: undefined,
  key: undefined,
  before: 0,
  ...more,
});
const codes = (task: Partial<Task>, more?: Partial<Circumstances>): ReasonCode[] =>
  explain(circumstances(task, more)).reasons.map(({ code }) => code);
const blocker = (n: number, status: BlockerView['status']): BlockerView => ({
  taskId: `b${n}`,
  title: `Task ${n}`,
  status,
  kind: 'blocks',
  onFailure: 'hold',
  outcome: null,
});

describe('explain', () => {
  it('gives every reason, and puts three of them into the summary', () => {
    const { summary, reasons } = explain(
      circumstances(
        { runAt: at(60), readyAt: at(60), concurrencyKey: 'db' },
        {
          blockers: [blocker(1, 'pending')],
          capable: [],
          key: { limit: 0, running: 0, runners: [] },
        },
      ),
    );
    expect(reasons.map(({ code }) => code)).toEqual([
      'blocked',
      'scheduled',
      'concurrency_key_full',
      'no_capable_agent',
    ]);
    expect(summary).toBe(
      'The task is pending: it waits for 1 task to end: “Task 1” (b1, pending, blocks); ' +
        'it is scheduled for 2026-01-01T12:01:00.000Z; it has the concurrency key db, of which 0 may run and 0 do; ' +
        'and for 1 more reason.',
    );
  });

  it('names three blockers, lists twenty and counts all', () => {
    const blockers = Array.from({ length: 25 }, (_, n) => blocker(n, n < 22 ? 'in_progress' : 'timeout'));
    const [waiting, holding] = explain(circumstances({}, { blockers })).reasons;
    expect(waiting).toMatchObject({ code: 'blocked', count: 22 });
    expect(waiting?.blockers).toHaveLength(20);
    expect(waiting?.message).toMatch(/^It waits for 22 tasks to end: .*Task 2.* and 19 more\.$/);
    expect(holding).toMatchObject({ code: 'held_by_blocker', count: 3 });
  });

  it('counts a blocker that is gone among those that hold it', () => {
    expect(codes({}, { blockers: [blocker(1, null)] })).toEqual(['held_by_blocker']);
  });

  it('takes a ready_at that is the run_at for a schedule, and a later one for a backoff', () => {
    expect(codes({ runAt: at(60), readyAt: at(60) })).toEqual(['scheduled']);
    expect(codes({ runAt: at(-60), readyAt: at(60), attempt: 1 })).toEqual(['backoff']);
    expect(codes({ runAt: at(60), readyAt: at(90), attempt: 1 })).toEqual(['scheduled', 'backoff']);
  });

  it('is ready as long as one active agent is neither paused nor full', () => {
    const pause = { scope: 'agent', subject: 'bob', reason: null, pausedBy: 'x', pausedAt: NOW } as const;
    const bob = { ...ADA, id: 'bob' };
    const full = { ...ADA, id: 'eve', capacity: 2, held: 2 };
    expect(codes({}, { capable: [ADA, bob, full], pauses: [pause] })).toEqual(['ready']);
    expect(codes({}, { capable: [bob, full], pauses: [pause] })).toEqual(['capable_agents_full']);
    expect(codes({}, { capable: [bob], pauses: [pause] })).toEqual(['capable_agents_paused']);
    expect(codes({}, { capable: [{ ...ADA, status: 'offline' }] })).toEqual(['capable_agents_not_active']);
  });

  it.each([
    ['assigned', ['assigned']],
    ['accepted', ['accepted']],
    ['rejected', ['rejected']],
  ] as const)('tells what its agent made of it: %s', (status, expected) => {
    expect(codes({ status, assignedTo: 'ada' }, { assignee: ADA })).toEqual(expected);
  });

  it('tells a lease that is over from one of a kind that is never taken away', () => {
    const lease = { status: 'in_progress', assignedTo: 'ada', epoch: 2, leaseExpiresAt: at(-1) } as const;
    expect(codes({ ...lease, claimKind: 'agent' })).toEqual(['lease_over']);
    expect(codes({ ...lease, claimKind: 'human', overdueAt: at(-1) })).toEqual(['held', 'overdue']);
  });

  it('finds a deadline near after three quarters of the time, and passed at its end', () => {
    expect(codes({ createdAt: at(-74), deadline: at(26) })).toEqual(['ready']);
    expect(codes({ createdAt: at(-75), deadline: at(25) })).toEqual(['ready', 'deadline_near']);
    expect(codes({ createdAt: at(-75), deadline: NOW })).toEqual(['deadline_passed']);
  });

  it.each([
    ['attempts_used_up', { status: 'failed', attempt: 3, error: { code: 'blocker_failed', message: 'mine' } }],
    ['not_retryable', { status: 'failed', attempt: 1, error: { code: 'x' } }],
    ['blocker_failed', { status: 'failed', error: { code: 'blocker_failed', blockerId: 'b' } }],
    ['skipped', { status: 'cancelled', error: { code: 'skipped', blockerId: 'b' } }],
    ['cancelled', { status: 'cancelled', error: { code: 'cancelled' } }],
    ['timed_out', { status: 'timeout', attempt: 3, error: { code: 'timeout' } }],
    ['deadline_passed', { status: 'timeout', error: { code: 'deadline_passed' } }],
    ['completed', { status: 'completed' }],
  ] as const)('says of an end that it is %s', (code, task) => {
    expect(codes({ ...task, completedAt: NOW })).toEqual([code]);
  });
});
