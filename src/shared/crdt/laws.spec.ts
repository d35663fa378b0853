import fc from 'fast-check';
import type { JsonValue } from '../errors/index.js';
import { GCounter, PNCounter } from './counters.js';
import { PathThroughValue, WrongKind } from './crdt.errors.js';
import type { Scalar } from './foreign.js';
import { HybridLogicalClock } from './hybrid-logical-clock.js';
import { LWWMap } from './lww-map.js';
import { LWWRegister } from './lww-register.js';
import { ORSet } from './or-set.js';
import type { Replicated } from './replicated.js';
import { SharedState } from './shared-state.js';
import type { StateChange } from './state-operation.js';

const REPLICAS = ['ada', 'bob', 'eve', 'kim'];

/** How a type is read and changed. */
interface Subject<S extends Replicated<JsonValue>, C> {
  read: (json: unknown) => S;
  /** @returns what is sent to the others; undefined where the change is refused */
  make: (state: S, change: C, replica: string, time: string) => S | undefined;
}

/** A type under test: the changes it knows, and what it shows. */
interface Type<S extends Replicated<JsonValue>, C> extends Subject<S, C> {
  change: fc.Arbitrary<C>;
  shown: (state: S) => unknown;
}

type Action<C> =
  | { do: 'change'; at: number; change: C }
  | { do: 'send' | 'exchange'; from: number; to: number }
  | { do: 'deliver'; message: number; to: number }
  | { do: 'part'; sides: number[] };

interface Message {
  from: number;
  json: string;
}

/**
 * Replicas and what is under way between them: the delta of every change, whole states, and deltas made for one replica
 * that reach any. A message may come late, twice, to some only, or never; who stands on another side gets none.
 */
class Network<S extends Replicated<JsonValue>, C> {
  readonly states: S[];
  readonly made: { change: C; delta: S }[] = [];
  private readonly clocks: HybridLogicalClock[];
  private readonly messages: Message[] = [];
  private sides: number[] = [];

  constructor(private readonly subject: Subject<S, C>) {
    this.states = REPLICAS.map(() => this.empty());
    this.clocks = REPLICAS.map((name, n) => new HybridLogicalClock(name, { time: () => 7 * n + this.made.length }));
  }

  run(actions: readonly Action<C>[]): this {
    for (const action of actions) this.act(action);
    return this;
  }

  /** All sides meet, and each is given once by each other what it lacks by its clock. */
  heal(): void {
    for (const from of this.states) {
      for (const to of this.states) to.merge(this.sent(from.delta(to.clock)));
    }
  }

  empty(): S {
    return this.subject.read({ context: {}, entries: {} });
  }

  /** A copy, by way of JSON. */
  sent(state: S): S {
    return this.subject.read(JSON.parse(JSON.stringify(state)));
  }

  merged(...states: S[]): S {
    const all = this.empty();
    for (const state of states) all.merge(state);
    return all;
  }

  private act(action: Action<C>): void {
    switch (action.do) {
      case 'change': {
        const [state, clock, name] = [this.states[action.at], this.clocks[action.at], REPLICAS[action.at]];
        const delta = state && clock && name && this.subject.make(state, action.change, name, clock.now());
        if (!delta) return;
        this.made.push({ change: action.change, delta });
        this.messages.push({ from: action.at, json: JSON.stringify(delta) });
        return;
      }
      case 'send':
        this.messages.push({ from: action.from, json: JSON.stringify(this.states[action.from]) });
        return;
      case 'exchange': {
        const { [action.from]: from, [action.to]: to } = this.states;
        if (from && to) this.messages.push({ from: action.from, json: JSON.stringify(from.delta(to.clock)) });
        return;
      }
      case 'deliver': {
        const message = this.messages[action.message % this.messages.length];
        if (!message || this.sides[message.from] !== this.sides[action.to]) return;
        this.states[action.to]?.merge(this.subject.read(JSON.parse(message.json)));
        return;
      }
      case 'part':
        this.sides = action.sides;
    }
  }
}

const replica = fc.nat({ max: REPLICAS.length - 1 });
const actionsOf = <C>(change: fc.Arbitrary<C>): fc.Arbitrary<Action<C>[]> =>
  fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant('change' as const), at: replica, change }) },
      { weight: 5, arbitrary: fc.record({ do: fc.constant('deliver' as const), message: fc.nat(), to: replica }) },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constantFrom('send' as const, 'exchange' as const), from: replica, to: replica }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant('part' as const),
          sides: fc.array(fc.nat({ max: 1 }), { minLength: 4, maxLength: 4 }),
        }),
      },
    ),
    { maxLength: 50 },
  );

const scalar = fc.constantFrom<Scalar>('a', 'b', 1, null);
const by = fc.integer({ min: 1, max: 9 });
const counterSteps = fc.record({ up: fc.boolean(), by });
const mapSteps = fc.record({ key: fc.constantFrom('x', 'y'), value: fc.option(fc.nat({ max: 3 })) });
const value = fc.constantFrom<JsonValue>('a', 1, null, { b: [1] });
const path = fc.constantFrom('/a', '/a/b', '/a/b/c', '/a/d', '/e', '/e/f');
const stateChange: fc.Arbitrary<StateChange> = fc.oneof(
  fc.record({ type: fc.constant('set' as const), path, value }),
  fc.record({ type: fc.constantFrom('increment' as const, 'decrement' as const), path, by }),
  fc.record({ type: fc.constantFrom('add' as const, 'remove' as const), path, element: scalar }),
  fc.record({ type: fc.constant('delete' as const), path: fc.oneof(path, fc.constant('')) }),
);

const type = <S extends Replicated<JsonValue>, C>(given: Type<S, C>) => given;
const gCounter = type({
  read: (json) => GCounter.fromJSON(json),
  change: by,
  make: (state, amount, name) => state.increment(name, amount),
  shown: (state) => state.value,
});
const pnCounter = type({
  read: (json) => PNCounter.fromJSON(json),
  change: counterSteps,
  make: (state, { up, by }, name) => (up ? state.increment(name, by) : state.decrement(name, by)),
  shown: (state) => state.value,
});
const register = type({
  read: (json) => LWWRegister.fromJSON(json),
  change: scalar,
  make: (state, value, name, time) => state.set(name, value, time),
  shown: (state) => state.value,
});
const orSet = type({
  read: (json) => ORSet.fromJSON(json),
  change: fc.record({ add: fc.boolean(), element: scalar }),
  make: (state, { add, element }, name) => (add ? state.add(name, element) : state.remove(name, element)),
  shown: (state) => state.elements,
});
const map = type({
  read: (json) => LWWMap.fromJSON(json),
  change: mapSteps,
  make: (state, { key, value }, name, time) =>
    value === null ? state.delete(name, key) : state.set(name, key, value, time),
  shown: (state) => state.entries(),
});
const sharedState = type({
  read: (json) => SharedState.fromJSON(json),
  change: stateChange,
  make: (state, change, name, time) => {
    try {
      return SharedState.of(JSON.parse(JSON.stringify(state.perform(change, name, time))));
    } catch (error) {
      if (error instanceof PathThroughValue || error instanceof WrongKind) return undefined;
      throw error;
    }
  },
  shown: (state) => state.value(),
});

describe.each<[string, Type<Replicated<JsonValue>, unknown>]>([
  ['a G-Counter', gCounter as never],
  ['a PN-Counter', pnCounter as never],
  ['an LWW-Register', register as never],
  ['an OR-Set', orSet as never],
  ['an LWW-Map', map as never],
  ['a shared state', sharedState as never],
])('[S158] %s', (_, subject) => {
  const network = actionsOf(subject.change).map((actions) => new Network(subject).run(actions));
  const text = (state: Replicated<JsonValue>) => JSON.stringify([state, state.clock, subject.shown(state)]);
  const isSame = (a: Replicated<JsonValue>, b: Replicated<JsonValue>) => expect(text(a)).toBe(text(b));

  it('merges alike in any order, grouping and number', () => {
    fc.assert(
      fc.property(network, (given) => {
        const [a, b, c] = given.states.map((state) => given.sent(state));
        if (!a || !b || !c) throw new Error('There are four.');
        isSame(given.merged(a, b), given.merged(b, a));
        isSame(given.merged(given.merged(a, b), c), given.merged(a, given.merged(b, c)));
        isSame(given.merged(a, b, a, b), given.merged(a, b));
        isSame(given.merged(a), a);
      }),
    );
  });

  it('takes from a delta what it would take from the state', () => {
    fc.assert(
      fc.property(network, (given) => {
        for (const from of given.states) {
          for (const to of given.states) {
            isSame(given.merged(to, given.sent(from.delta(to.clock))), given.merged(to, from));
          }
        }
      }),
    );
  });

  it('converges when messages come late, twice, out of order, or not until sides meet again', () => {
    fc.assert(
      fc.property(network, fc.infiniteStream(fc.nat()), (given, random) => {
        given.heal();
        const [first, ...others] = given.states;
        if (!first) throw new Error('There are four.');
        for (const other of others) isSame(other, first);

        const changes = given.made.flatMap(({ delta }) => [delta, delta]);
        const shuffled = changes
          .map((delta) => ({ delta, at: random.next().value as number }))
          .sort((a, b) => a.at - b.at);
        isSame(given.merged(...shuffled.map(({ delta }) => delta)), first);
      }),
      { numRuns: 200 },
    );
  });

  it('has no gap in its clock once everything has come', () => {
    fc.assert(
      fc.property(network, (given) => {
        given.heal();
        const counters = Object.values(given.states[0]?.clock.toJSON() ?? {});
        expect(counters.reduce((sum, count) => sum + count, 0)).toBe(given.made.length);
      }),
    );
  });
});

describe('[S158] counters', () => {
  it('come to the sum of all that was counted', () => {
    fc.assert(
      fc.property(actionsOf(by), actionsOf(counterSteps), (grown, counted) => {
        const grow = new Network(gCounter).run(grown);
        grow.heal();
        expect(grow.states.map(({ value }) => value)).toEqual(
          REPLICAS.map(() => grow.made.reduce((sum, { change }) => sum + change, 0)),
        );

        const count = new Network(pnCounter).run(counted);
        count.heal();
        const sum = count.made.reduce((sum, { change }) => sum + (change.up ? change.by : -change.by), 0);
        expect(count.states.map(({ value }) => value)).toEqual(REPLICAS.map(() => sum));
      }),
    );
  });
});

/** The changes of another type, made at one path of a shared state. */
const inState = <C>(changeOf: (change: C) => StateChange): Subject<SharedState, C> => ({
  read: sharedState.read,
  make: (state, change, name, time) => sharedState.make(state, changeOf(change), name, time),
});

describe('[S158] a shared state shows at a path', () => {
  const alike = <S extends Replicated<JsonValue>, C>(
    alone: Type<S, C>,
    changeOf: (change: C) => StateChange,
    shownIn: (value: Record<string, JsonValue>) => unknown,
  ) =>
    fc.assert(
      fc.property(actionsOf(alone.change), (actions) => {
        const [own, inside] = [new Network(alone).run(actions), new Network(inState(changeOf)).run(actions)];
        expect(inside.states.map((state) => shownIn(state.value()))).toEqual(own.states.map(alone.shown));
      }),
    );

  it('what a PN-Counter would', () => {
    alike(
      pnCounter,
      ({ up, by }) => ({ type: up ? 'increment' : 'decrement', path: '/n', by }),
      ({ n = 0 }) => n,
    );
  });

  it('what an OR-Set would', () => {
    alike(
      orSet,
      ({ add, element }) => ({ type: add ? 'add' : 'remove', path: '/s', element }),
      ({ s = [] }) => s,
    );
  });

  it('what an LWW-Register would', () => {
    alike(
      register,
      (value) => ({ type: 'set', path: '/r', value }),
      ({ r }) => r,
    );
  });

  it('what an LWW-Map would', () => {
    alike(
      map,
      ({ key, value }) =>
        value === null ? { type: 'delete', path: ['m', key] } : { type: 'set', path: ['m', key], value },
      ({ m = {} }) => Object.entries(m as object),
    );
  });
});

/** A change of a set, and the changes that its replica knew of when it made it. */
interface Told {
  add: boolean;
  element: Scalar;
  knew: Set<Told>;
}

describe('[S158] an OR-Set beside its definition', () => {
  const told = fc.record({
    at: replica,
    to: replica,
    whole: fc.boolean(),
    message: fc.nat(),
    step: fc.constantFrom('add', 'remove', 'deliver', 'deliver'),
    element: scalar,
  });

  it('holds an element if there is an addition that no later change known here has seen', () => {
    fc.assert(
      fc.property(fc.array(told, { maxLength: 60 }), (steps) => {
        const sets = REPLICAS.map(() => new ORSet());
        const known = REPLICAS.map(() => new Set<Told>());
        const messages: { delta: ORSet; tells: Set<Told> }[] = [];
        for (const { at, to, whole, message, step, element } of steps) {
          const { [at]: set = new ORSet() } = sets;
          const { [at]: knows = new Set<Told>() } = known;
          if (step !== 'deliver') {
            const change = { add: step === 'add', element, knew: new Set(knows) };
            const delta = change.add ? set.add(`${at}`, element) : set.remove(`${at}`, element);
            knows.add(change);
            messages.push({ delta, tells: new Set([change]) });
          } else if (whole) {
            messages.push({ delta: ORSet.fromJSON(JSON.parse(JSON.stringify(set))), tells: new Set(knows) });
          } else {
            const sent = messages[message % messages.length];
            if (!sent) continue;
            sets[to]?.merge(sent.delta);
            for (const change of sent.tells) known[to]?.add(change);
          }
        }
        for (const [n, set] of sets.entries()) {
          const changes = [...(known[n] ?? [])];
          const alive = changes.filter(
            (one) => one.add && !changes.some((other) => other.element === one.element && other.knew.has(one)),
          );
          const expected = new Set(alive.map(({ element }) => element));
          expect(new Set(set.elements)).toEqual(expected);
          for (const element of ['a', 'b', 1, null]) expect(set.has(element)).toBe(expected.has(element));
        }
      }),
      { numRuns: 500 },
    );
  });
});
