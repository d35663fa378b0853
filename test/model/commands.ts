import fc from 'fast-check';
import { PRIORITIES, type Lease, type Task } from '../../src/tasks/index.js';
import {
  byReadiness,
  type ClaimKind,
  type ClaimTerms,
  type Draft,
  type EndStatus,
  hasEnded,
  isHeld,
  isWaiting,
  type Kind,
  type ModelTask,
  type Policy,
  type TaskModel,
  type Terms,
} from './task-model.js';
import { agentAt, type Answer, answerOf, inputOf, LIMITS, type World } from './world.js';

/** What a command is about to do, to the model and to the service, once its arguments are resolved. */
interface Plan {
  text: string;
  model: () => { code: string; [detail: string]: unknown };
  real: () => Promise<Omit<Answer, 'code'> | undefined>;
}

type Command = fc.AsyncCommand<TaskModel, World>;

/** Does the same to both, and compares the answers and all rows. */
class BothDo<A> implements Command {
  private text?: string;

  constructor(
    private readonly name: string,
    private readonly args: A,
    private readonly planOf: (args: A, model: TaskModel, world: World) => Plan,
  ) {}

  check(): boolean {
    return true;
  }

  async run(model: TaskModel, world: World): Promise<void> {
    const plan = this.planOf(this.args, model, world);
    this.text = `${this.name}(${plan.text})`;
    const { task, ...actual } = await answerOf(plan.real());
    const rows = await world.rows();
    model.chosen = (id) => rows.find((row) => row.id === id)?.status;
    const expected = plan.model();
    expect({ command: this.text, ...actual }).toEqual({ command: this.text, ...expected });
    world.compare(model, rows);
    const row = task && rows.find(({ id }) => id === task.id);
    if (task && row) {
      const { status, epoch, attempt, version, openBlockers: open } = task;
      const { status: rowStatus, epoch: rowEpoch, attempt: rowAttempt, version: rowVersion, open: rowOpen } = row;
      expect({ status, epoch, attempt, version, open }).toEqual({
        status: rowStatus,
        epoch: rowEpoch,
        attempt: rowAttempt,
        version: rowVersion,
        open: rowOpen,
      });
    }
  }

  toString(): string {
    return this.text ?? this.name;
  }
}

const command = <A>(name: string, args: fc.Arbitrary<A>, planOf: BothDo<A>['planOf']): fc.Arbitrary<Command> =>
  args.map((values) => new BothDo(name, values, planOf));

// Arguments

interface Pick {
  n: number;
  /** One of those that the command is meant for, where there is one; otherwise any task, or one of another tenant. */
  aim: 'apt' | 'any' | 'foreign';
}
const pick: fc.Arbitrary<Pick> = fc.record({
  n: fc.nat(50),
  aim: fc.oneof(
    { weight: 12, arbitrary: fc.constant('apt' as const) },
    { weight: 3, arbitrary: fc.constant('any' as const) },
    { weight: 1, arbitrary: fc.constant('foreign' as const) },
  ),
});
/** Added to the epoch of the task: an old one, the newest, one that was never given. */
const drift = fc.oneof(
  { weight: 5, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constant(-1) },
  { weight: 1, arbitrary: fc.constant(1) },
);
const rarely = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: value });

const kind = fc.constantFrom<Kind>('blocks', 'blocks', 'waits_for', 'conditional', 'related');
const outcomes = fc.constantFrom<EndStatus>('completed', 'failed', 'cancelled', 'timeout');
const terms: fc.Arbitrary<Terms> = fc
  .record({ kind, onFailure: fc.constantFrom<Policy>('hold', 'fail', 'skip', 'proceed'), outcome: outcomes })
  .map((edge) => ({
    ...edge,
    outcome: edge.kind === 'conditional' ? edge.outcome : null,
    onFailure: edge.kind === 'related' ? 'hold' : edge.onFailure,
  }));
const TYPES = ['build', 'test'];
const type = fc.constantFrom(...TYPES);
const capabilities = fc.subarray(['gpu', 'web']);
const priority = fc.nat(PRIORITIES.length - 1);
const draft = fc.record({
  type,
  priority,
  capabilities: fc.oneof({ weight: 2, arbitrary: fc.constant<string[]>([]) }, { weight: 1, arbitrary: capabilities }),
  dedupeKey: rarely(fc.constantFrom('d1', 'd2')),
  concurrencyKey: rarely(fc.constantFrom(...Object.keys(LIMITS))),
  maxAttempts: fc.integer({ min: 1, max: 3 }),
  later: fc.nat(9).map((n) => n === 0),
  agent: rarely(fc.nat(2)),
  parent: rarely(pick),
  edges: fc.array(fc.record({ on: pick, terms }), { maxLength: 2 }),
});
type DraftArgs = typeof draft extends fc.Arbitrary<infer T> ? T : never;
const claimKind = fc.oneof(
  { weight: 4, arbitrary: fc.constant<ClaimKind>('agent') },
  { weight: 1, arbitrary: fc.constantFrom<ClaimKind>('interactive', 'human') },
);
const claimTerms = fc.record({
  agent: fc.nat(2),
  limit: fc.integer({ min: 1, max: 3 }),
  type: rarely(type),
  kind: claimKind,
});

function idOf(model: TaskModel, world: World, { n, aim }: Pick, isApt: (task: ModelTask) => boolean): string {
  const all = [...model.tasks.values()];
  const apt = all.filter((task) => !task.deleted && isApt(task));
  const from = aim === 'apt' && apt.length > 0 ? apt : all;
  return (aim === 'foreign' ? undefined : from[n % from.length]?.id) ?? world.foreignId;
}
const nameOf = (model: TaskModel, id: string): string => model.tasks.get(id)?.name ?? 'foreign';

function draftOf(model: TaskModel, world: World, args: DraftArgs): Draft {
  const { agent, parent, edges, ...rest } = args;
  return {
    ...rest,
    id: world.newId(),
    assignee: agent === null ? null : agentAt(model, agent).id,
    parent: parent && idOf(model, world, parent, () => true),
    edges: edges.map(({ on, terms }) => ({ ...terms, blocker: idOf(model, world, on, () => true) })),
  };
}

/** What is out of the ordinary about a draft. */
function draftText(model: TaskModel, draft: Draft): string {
  const { id: _id, edges, parent, assignee, priority, capabilities, later, ...rest } = draft;
  const after = edges.map(({ blocker, ...terms }) => edgeText(nameOf(model, blocker), terms));
  return [
    PRIORITIES[priority],
    ...Object.entries({ ...rest, parent: parent && nameOf(model, parent) })
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([key, value]) => `${key} ${value}`),
    ...(assignee ? [`for ${model.agents.find(({ id }) => id === assignee)?.name}`] : []),
    ...(capabilities.length > 0 ? [`needs ${capabilities.join('+')}`] : []),
    ...(later ? ['later'] : []),
    ...(after.length > 0 ? [`after ${after.join(' and ')}`] : []),
  ].join(', ');
}
const edgeText = (blocker: string, { kind, onFailure, outcome }: Terms): string =>
  `${blocker} ${kind}${outcome ? `=${outcome}` : ''}/${onFailure}`;

const isRunning = (task: ModelTask): boolean => task.status === 'in_progress';
const isDead = (task: ModelTask): boolean => task.status === 'failed' || task.status === 'timeout';

/** A write by a holder: of a task, under its epoch or one beside it. */
function held(model: TaskModel, world: World, on: Pick, drift: number, isApt = isRunning) {
  const id = idOf(model, world, on, isApt);
  const epoch = Math.max(0, (model.tasks.get(id)?.epoch ?? 1) + drift);
  return { id, epoch, taskId: id, text: `${nameOf(model, id)} at ${epoch}` };
}

/** A claim that was never taken away and is past its deadline may be given back: the sweeper then ends the task. */
async function thenSweep(model: TaskModel, world: World, id: string, work: Promise<Task>) {
  const task = await work;
  if (model.tasks.get(id)?.deadline !== 'passed') return { task };
  await world.node.sweeper.sweep();
  return undefined;
}

const leaseNames = (model: TaskModel, leases: readonly Lease[]): string[] =>
  leases.map(({ task, epoch }) => `${nameOf(model, task.id)} at ${epoch}`);
const claimed = (tasks: readonly ModelTask[]): string[] =>
  [...tasks].sort(byReadiness).map((task) => `${task.name} at ${task.epoch}`);

function termsOf(model: TaskModel, args: { agent: number; limit?: number; type: string | null; kind: ClaimKind }) {
  const terms: ClaimTerms = {
    agent: agentAt(model, args.agent),
    limit: args.limit ?? 1,
    types: args.type ? [args.type] : null,
    kind: args.kind,
  };
  const options = {
    agentId: terms.agent.id,
    claimKind: terms.kind,
    leaseSeconds: 600,
    ...(terms.types && { types: terms.types }),
  };
  return { terms, options, text: `${terms.agent.name} ×${terms.limit} ${terms.types ?? ''} ${terms.kind}` };
}

// Commands

const create = command('create', draft, (args, model, world) => {
  const made = draftOf(model, world, args);
  return {
    text: draftText(model, made),
    model: () => ({ code: model.create([made]) }),
    real: async () => ({
      task: await world.node.tasks.create(world.tenant.caller, inputOf(made, `t${model.tasks.size}`)),
    }),
  };
});

/** Each task of a batch may depend on the one before it, and may have ended elsewhere. */
const batchItem = fc.record({
  draft,
  before: rarely(terms),
  status: fc.oneof(
    { weight: 6, arbitrary: fc.constant('pending' as const) },
    { weight: 1, arbitrary: fc.constantFrom('completed' as const, 'cancelled' as const) },
  ),
});
const batch = command('batch', fc.array(batchItem, { minLength: 2, maxLength: 4 }), (args, model, world) => {
  const drafts: Draft[] = [];
  for (const { draft, before, status } of args) {
    const made = { ...draftOf(model, world, draft), status };
    const previous = drafts.at(-1);
    if (before && previous) made.edges.push({ ...before, blocker: previous.id });
    drafts.push(made);
  }
  return {
    text: drafts.map((one) => draftText(model, one)).join(' | '),
    model: () => ({ code: model.create(drafts) }),
    real: async () => {
      const inputs = drafts.map((one) => ({ ...inputOf(one, one.type), status: one.status }));
      await world.node.tasks.createBatch(world.tenant.caller, inputs);
      return undefined;
    },
  };
});

const addEdge = command('addEdge', fc.record({ of: pick, on: pick, terms }), ({ of, on, terms }, model, world) => {
  const id = idOf(model, world, of, isWaiting);
  const blocker = idOf(model, world, on, (task) => task.id !== id);
  return {
    text: `${nameOf(model, id)} after ${edgeText(nameOf(model, blocker), terms)}`,
    model: () => ({ code: model.addEdge(id, { ...terms, blocker }) }),
    real: async () => {
      const { outcome, ...rest } = terms;
      await world.node.edges.add(world.tenant.caller, id, { taskId: blocker, ...rest, ...(outcome && { outcome }) });
      return undefined;
    },
  };
});

const removeEdge = command('removeEdge', fc.record({ n: fc.nat(50), of: pick, kind }), (args, model, world) => {
  const blocking = model.edges.filter((edge) => edge.kind !== 'parent_child');
  const edge = blocking[args.n % (blocking.length + 1)] ?? {
    blocked: idOf(model, world, args.of, () => true),
    blocker: world.foreignId,
    kind: args.kind,
  };
  return {
    text: `${nameOf(model, edge.blocked)} after ${nameOf(model, edge.blocker)} ${edge.kind}`,
    model: () => ({ code: model.removeEdge(edge.blocked, edge.blocker, edge.kind) }),
    real: async () => {
      await world.node.edges.remove(world.tenant.caller, edge.blocked, edge.blocker, edge.kind);
      return undefined;
    },
  };
});

const claim = command('claim', claimTerms, (args, model, world) => {
  const { terms, options, text } = termsOf(model, args);
  return {
    text,
    model: () => ({ code: 'ok', leases: claimed(model.claim(terms)) }),
    real: async () => {
      const leases = await world.node.claims.claim(world.tenant.caller, { ...options, limit: terms.limit });
      return { leases: leaseNames(model, leases) };
    },
  };
});

const heartbeat = command(
  'heartbeat',
  fc.array(fc.tuple(pick, drift), { minLength: 1, maxLength: 3 }),
  (args, model, world) => {
    const leases = args.map(([on, by]) => held(model, world, on, by, isHeld));
    return {
      text: leases.map(({ text }) => text).join(', '),
      model: () => ({ code: 'ok', codes: leases.map(({ id, epoch }) => model.heartbeat(id, epoch)) }),
      real: async () => {
        const beats = leases.map(({ taskId, epoch }) => ({ taskId, epoch }));
        const results = await world.node.claims.heartbeat(world.tenant.caller, beats);
        return { codes: results.map(({ code = 'ok' }) => code) };
      },
    };
  },
);

const progress = command('progress', fc.tuple(pick, drift), ([on, by], model, world) => {
  const lease = held(model, world, on, by);
  return {
    text: lease.text,
    model: () => ({ code: model.progress(lease.id, lease.epoch) }),
    real: async () => ({ task: await world.node.claims.progress(world.tenant.caller, lease, { percent: 50 }) }),
  };
});

const RESULT = { made: true };
/** Meant for what runs, and sometimes for what is completed: a repeat. */
const completable = (repeat: boolean) => (repeat ? (task: ModelTask) => task.status === 'completed' : isRunning);
const seldom = fc.nat(6).map((n) => n === 0);

const complete = command('complete', fc.tuple(pick, drift, seldom), ([on, by, repeat], model, world) => {
  const lease = held(model, world, on, by, completable(repeat));
  return {
    text: lease.text,
    model: () => ({ code: model.complete(lease.id, lease.epoch) }),
    real: async () => ({ task: await world.node.claims.complete(world.tenant.caller, lease, RESULT) }),
  };
});

const completeAndClaim = command(
  'completeAndClaim',
  fc.tuple(pick, drift, seldom, claimTerms),
  ([on, by, repeat, { limit: _limit, ...args }], model, world) => {
    const lease = held(model, world, on, by, completable(repeat));
    const { terms, options, text } = termsOf(model, args);
    return {
      text: `${lease.text}, then ${text}`,
      model: () => {
        const code = model.complete(lease.id, lease.epoch);
        return code === 'ok' ? { code, next: claimed(model.claim(terms)) } : { code };
      },
      real: async () => {
        const { task, next } = await world.node.claims.completeAndClaim(world.tenant.caller, lease, RESULT, options);
        return { task, next: leaseNames(model, next ? [next] : []) };
      },
    };
  },
);

const fail = command('fail', fc.tuple(pick, drift, fc.boolean()), ([on, by, retryable], model, world) => {
  const lease = held(model, world, on, by);
  const failure = { code: 'broken', message: 'It broke.', retryable };
  return {
    text: `${lease.text}${retryable ? '' : ', for good'}`,
    model: () => ({ code: model.fail(lease.id, lease.epoch, retryable) }),
    real: () => thenSweep(model, world, lease.id, world.node.claims.fail(world.tenant.caller, lease, failure)),
  };
});

const release = command('release', fc.tuple(pick, drift), ([on, by], model, world) => {
  const lease = held(model, world, on, by, isHeld);
  return {
    text: lease.text,
    model: () => ({ code: model.release(lease.id, lease.epoch) }),
    real: () => thenSweep(model, world, lease.id, world.node.claims.release(world.tenant.caller, lease)),
  };
});

const awaitInput = command('awaitInput', fc.tuple(pick, drift), ([on, by], model, world) => {
  const lease = held(model, world, on, by);
  return {
    text: lease.text,
    model: () => ({ code: model.awaitInput(lease.id, lease.epoch) }),
    real: async () => ({ task: await world.node.inputs.awaitInput(world.tenant.caller, lease, 'Which one?') }),
  };
});

const giveInput = command('giveInput', pick, (on, model, world) => {
  const id = idOf(model, world, on, (task) => task.status === 'awaiting_input');
  return {
    text: nameOf(model, id),
    model: () => ({ code: model.giveInput(id) }),
    real: async () => ({ task: await world.node.inputs.giveInput(world.tenant.caller, id, 'The second.') }),
  };
});

const cancel = command('cancel', fc.tuple(pick, fc.boolean()), ([on, tree], model, world) => {
  const id = idOf(model, world, on, (task) => !hasEnded(task));
  return {
    text: `${nameOf(model, id)}${tree ? ' and its tree' : ''}`,
    model: () => {
      const { code, ...counts } = model.cancel(id, tree);
      return code === 'ok' ? { code, ...counts } : { code };
    },
    real: () =>
      world.node.interventions.cancel(world.tenant.caller, id, { tree }).then((cancelled) => ({ ...cancelled })),
  };
});

const retry = command('retry', pick, (on, model, world) => {
  const id = idOf(model, world, on, isDead);
  return {
    text: nameOf(model, id),
    model: () => ({ code: model.retry(id) }),
    real: async () => ({ task: await world.node.interventions.retry(world.tenant.caller, id) }),
  };
});

const patch = fc.oneof(
  priority.map((value) => ({ priority: value })),
  capabilities.map((value) => ({ capabilities: value })),
  fc.constant({ later: false }),
  fc.constant({ deadline: 'none' as const }),
);
const update = command('update', fc.tuple(pick, patch, seldom), ([on, changes, stale], model, world) => {
  const id = idOf(model, world, on, (task) => !hasEnded(task));
  const version = (model.tasks.get(id)?.version ?? 1) - (stale ? 1 : 0);
  return {
    text: `${nameOf(model, id)} ${JSON.stringify(changes)}${stale ? ' at an old version' : ''}`,
    model: () => ({ code: model.update(id, version, changes) }),
    real: async () => ({
      task: await world.node.tasks.update(world.tenant.caller, id, version, {
        ...('priority' in changes && { priority: PRIORITIES[changes.priority] }),
        ...('capabilities' in changes && { requiredCapabilities: changes.capabilities }),
        ...('later' in changes && { runAt: null }),
        ...('deadline' in changes && { deadline: null }),
      }),
    }),
  };
});

const remove = command('delete', pick, (on, model, world) => {
  const id = idOf(model, world, on, (task) => !isHeld(task));
  return {
    text: nameOf(model, id),
    model: () => ({ code: model.delete(id) }),
    real: () => world.node.tasks.delete(world.tenant.caller, id).then(() => undefined),
  };
});

const PAUSABLE = ['workspace', ...TYPES.map((one) => `type ${one}`), 'agent 0', 'agent 1'];
function pauseOf(model: TaskModel, world: World, on: string) {
  const [scope = '', subject = ''] = on.split(' ');
  const agent = agentAt(model, Number(subject) || 0).id;
  if (scope === 'type') return { key: on, target: { scope, subject } as const };
  if (scope === 'agent') return { key: `agent ${agent}`, target: { scope, subject: agent } as const };
  return { key: 'workspace', target: { scope: 'workspace', subject: world.tenant.workspace.id } as const };
}
const pause = command('pause', fc.constantFrom(...PAUSABLE), (on, model, world) => {
  const { key, target } = pauseOf(model, world, on);
  return {
    text: on,
    model: () => ({ code: model.pause(key) }),
    real: () => world.node.dispatch.pause(world.tenant.caller, target).then(() => undefined),
  };
});
const resume = command('resume', fc.constantFrom(...PAUSABLE), (on, model, world) => {
  const { key, target } = pauseOf(model, world, on);
  return {
    text: on,
    model: () => ({ code: model.resume(key) }),
    real: () => world.node.dispatch.resume(world.tenant.caller, target).then(() => undefined),
  };
});

const setLimit = command(
  'setLimit',
  fc.tuple(fc.constantFrom(...Object.keys(LIMITS)), fc.nat(2)),
  ([key, limit], model, world) => ({
    text: `${key} ${limit}`,
    model: () => {
      model.limits.set(key, limit);
      return { code: 'ok' };
    },
    real: () => world.node.dispatch.setLimit(world.tenant.caller, key, limit).then(() => undefined),
  }),
);

const OVER = `now() - interval '1 second'`;
const runOut = command('time', fc.tuple(pick, fc.boolean()), ([on, lease], model, world) => {
  const id = idOf(model, world, on, isRunning);
  const task = model.tasks.get(id);
  return {
    text: `${nameOf(model, id)}: its ${lease ? 'lease' : 'timeout'} is over`,
    model: () => {
      if (task) model.runOut(task, lease ? 'expired' : 'timed_out');
      return { code: 'ok' };
    },
    real: async () => {
      if (task?.status === 'in_progress')
        await world.pass(id, `${lease ? 'lease_expires_at' : 'timeout_at'} = ${OVER}`);
      return undefined;
    },
  };
});

const deadline = command('time', pick, (on, model, world) => {
  const id = idOf(model, world, on, () => true);
  const task = model.get(id);
  return {
    text: `${nameOf(model, id)}: its deadline is over`,
    model: () => {
      if (task) {
        task.deadline = 'passed';
        model.deadlinePassed(task);
      }
      return { code: 'ok' };
    },
    real: async () => {
      if (task) await world.pass(id, `deadline = ${OVER}, due_at = ${OVER}`);
      return undefined;
    },
  };
});

const WEIGHTS: [number, fc.Arbitrary<Command>][] = [
  [8, create],
  [2, batch],
  [3, addEdge],
  [2, removeEdge],
  [9, claim],
  [2, heartbeat],
  [2, progress],
  [5, complete],
  [4, completeAndClaim],
  [5, fail],
  [3, release],
  [3, awaitInput],
  [3, giveInput],
  [3, cancel],
  [4, retry],
  [3, update],
  [2, remove],
  [1, pause],
  [3, resume],
  [2, setLimit],
  [3, runOut],
  [2, deadline],
];

/** Any commands, those that move tasks on more often than others. */
export const anyCommand = fc.oneof(...WEIGHTS.map(([weight, arbitrary]) => ({ weight, arbitrary })));
