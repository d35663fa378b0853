import fc from 'fast-check';
import { ordered } from './dependency-order.js';
import type { ImportedTask } from './new-task.js';
import { DependencyCycle } from './tasks.errors.js';

interface Given {
  blockers?: number[];
  parent?: number | null;
}

const tasksOf = (given: readonly Given[]): ImportedTask[] =>
  given.map(
    ({ blockers = [], parent = null }, n) =>
      ({
        id: `${n}`,
        parentTaskId: parent === null ? null : `${parent}`,
        dependsOn: blockers.map((blocker) => ({ taskId: `${blocker}`, kind: 'blocks' as const })),
      }) as ImportedTask,
  );
const order = (given: readonly Given[]): string[] => ordered(tasksOf(given), (id) => id).map(({ id }) => id);
const circleIn = (given: readonly Given[]): unknown => {
  try {
    order(given);
  } catch (error) {
    if (error instanceof DependencyCycle) return error.details.path;
    throw error;
  }
  return undefined;
};

/** Tasks that depend only on tasks with smaller numbers, then in any order. */
const acyclic = fc
  .array(fc.array(fc.nat(), { maxLength: 4 }), { maxLength: 40 })
  .map((rows) => rows.map((row, n) => ({ blockers: n === 0 ? [] : row.map((other) => other % n) })));
const any = fc
  .array(fc.array(fc.nat({ max: 29 }), { maxLength: 2 }), { maxLength: 30 })
  .map((rows) => rows.map((blockers) => ({ blockers })));

describe('the order of a batch', () => {
  it('keeps the order given where nothing depends', () => {
    expect(order([{}, {}, {}])).toEqual(['0', '1', '2']);
  });

  it('holds every task once, after all that block it', () => {
    fc.assert(
      fc.property(acyclic, fc.infiniteStream(fc.nat()), (given, random) => {
        const tasks = tasksOf(given);
        const shuffled = tasks.map((task) => ({ task, at: random.next().value })).sort((a, b) => a.at - b.at);
        const result = ordered(
          shuffled.map(({ task }) => task),
          (id) => id,
        );
        const at = new Map(result.map(({ id }, index) => [id, index]));
        expect(at.size).toBe(tasks.length);
        for (const { id, dependsOn } of tasks) {
          for (const { taskId } of dependsOn) expect(Number(at.get(taskId))).toBeLessThan(Number(at.get(id)));
        }
      }),
    );
  });

  it('is refused by a real circle, and only where there is one', () => {
    fc.assert(
      fc.property(any, (given) => {
        const path = circleIn(given) as string[] | undefined;
        if (!path) return;
        expect(path.length).toBeGreaterThan(1);
        expect(path[0]).toBe(path.at(-1));
        path.slice(1).forEach((blocker, n) => expect(given[Number(path[n])]?.blockers).toContain(Number(blocker)));
      }),
    );
    fc.assert(fc.property(acyclic, (given) => expect(circleIn(given)).toBeUndefined()));
  });

  it('is refused by one that waits for itself, or is its own parent or grandparent', () => {
    expect(circleIn([{ blockers: [0] }])).toEqual(['0', '0']);
    expect(circleIn([{ parent: 0 }])).toEqual(['0', '0']);
    expect(circleIn([{ parent: 1 }, { parent: 2 }, { parent: 0 }, { parent: 0 }])).toEqual(['0', '1', '2', '0']);
    expect(circleIn([{ parent: 1 }, { parent: null }, { parent: 7 }])).toBeUndefined();
  });

  it('looks neither at tasks outside of it nor at links', () => {
    const links = tasksOf([{ blockers: [1] }, { blockers: [0, 99] }]).map((task, n) => ({
      ...task,
      dependsOn: task.dependsOn.map((one) => ({ ...one, kind: n === 0 ? ('related' as const) : one.kind })),
    }));
    expect(ordered(links, (id) => id).map(({ id }) => id)).toEqual(['0', '1']);
  });

  it('takes a chain, a star and a circle of 50,000 in its stride', () => {
    const size = 50_000;
    const chain = Array.from({ length: size }, (_, n) => ({ blockers: n + 1 < size ? [n + 1] : [] }));
    expect(order(chain)[0]).toBe(`${size - 1}`);
    expect(order(Array.from({ length: size }, (_, n) => ({ blockers: n > 0 ? [0] : [] })))).toHaveLength(size);
    expect(circleIn(chain.map((_, n) => ({ blockers: [(n + 1) % size] })))).toHaveLength(size + 1);
  });
});
