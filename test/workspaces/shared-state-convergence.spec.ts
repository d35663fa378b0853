import fc from 'fast-check';
import { HybridLogicalClock, SharedState, type StateChange, type StateOperation } from '../../src/shared/crdt/index.js';
import { DomainError } from '../../src/shared/errors/index.js';
import { startGiven } from '../support/given.js';
import { type Answer, type HttpClient } from '../support/http-client.js';

const PATHS = ['/a', '/a/b', '/a/c', '/b', '/c/d/e'];
const change: fc.Arbitrary<StateChange> = fc.oneof(
  fc.record({ type: fc.constant('set'), path: fc.constantFrom(...PATHS), value: fc.jsonValue({ maxDepth: 2 }) }),
  fc.record({
    type: fc.constantFrom('increment', 'decrement'),
    path: fc.constantFrom(...PATHS),
    by: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({
    type: fc.constantFrom('add', 'remove'),
    path: fc.constantFrom(...PATHS),
    element: fc.constantFrom('red', 'blue', 1, null),
  }),
  fc.record({ type: fc.constant('delete'), path: fc.constantFrom('', ...PATHS) }),
) as fc.Arbitrary<StateChange>;

const who = fc.nat({ max: 1 });
const step = fc.oneof(
  fc.record({ does: fc.constant('serve' as const), who, change }),
  { weight: 2, arbitrary: fc.record({ does: fc.constant('change' as const), who, change }) },
  fc.record({ does: fc.constantFrom('send', 'send again', 'merge', 'catch up'), who }),
);

/** A client that changes its copy on its own, and speaks with one of the nodes now and then. */
class Replica {
  readonly state = new SharedState();
  private readonly clock: HybridLogicalClock;
  private readonly made: StateOperation[] = [];
  private sent = 0;

  constructor(
    readonly name: string,
    private readonly path: string,
    private readonly http: () => HttpClient,
  ) {
    this.clock = new HybridLogicalClock(name);
  }

  change(wanted: StateChange): void {
    try {
      this.made.push(this.state.perform(wanted, this.name, this.clock.now()));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
    }
  }

  /** The newest first: order must not matter. */
  async send(from = this.sent): Promise<void> {
    const operations = this.made.slice(from).reverse();
    this.sent = this.made.length;
    if (operations.length > 0) taken(await this.http().post(`${this.path}/operations`, { operations }));
  }

  async merge(): Promise<void> {
    taken(await this.http().post(`${this.path}/merge`, { replica: this.name, state: this.state }));
  }

  async catchUp(): Promise<void> {
    const since = encodeURIComponent(JSON.stringify(this.state.clock));
    const { delta } = taken(await this.http().get<{ delta: unknown }>(`${this.path}/deltas?since=${since}`));
    this.state.merge(SharedState.fromJSON(delta));
  }
}

function taken<T>({ status, body }: Answer<T>): T {
  if (status !== 200) throw new Error(`answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

describe('shared states of two nodes and of replicas that were away', () => {
  const given = startGiven({ nodes: 2 });

  it('[S158][S160] come out the same, whatever was done where', async () => {
    const { http, http2 } = await given.tenant();
    let turns = 0;
    const eitherNode = (): HttpClient => (turns++ % 2 ? http : http2);

    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        const { body: made } = await http.post<{ id: string }>('/v1/workspaces', { name: `w${turns++}` });
        const path = `/v1/workspaces/${made.id}/shared-state`;
        const replicas = ['phone', 'laptop'].map((name) => new Replica(name, path, eitherNode));
        for (const one of steps) {
          const replica = replicas[one.who] as Replica;
          if (one.does === 'serve') {
            const { status, body } = await (one.who ? http : http2).post<{ code: string }>(`${path}/operations`, {
              operations: [one.change],
            });
            if (status !== 200) expect(body.code).toMatch(/^(wrong_kind|path_through_value)$/);
          } else if (one.does === 'change') replica.change(one.change);
          else if (one.does === 'send') await replica.send();
          else if (one.does === 'send again') await replica.send(0);
          else if (one.does === 'merge') await replica.merge();
          else await replica.catchUp();
        }
        await Promise.all(replicas.map((replica) => replica.merge()));
        await Promise.all(replicas.map((replica) => replica.catchUp()));

        const states = replicas.map(({ state }) => JSON.stringify(state));
        expect(states[1]).toBe(states[0]);
        for (const client of [http, http2]) {
          const { value, clock } = taken(await client.get<{ value: unknown; clock: unknown }>(path));
          // Through JSON, which has no −0.
          expect(value).toEqual(JSON.parse(JSON.stringify(replicas[0]?.state.value())));
          expect(clock).toEqual(replicas[0]?.state.clock.toJSON());
        }
      }),
      { numRuns: 40 },
    );
  });
});
