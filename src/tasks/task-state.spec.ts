import { allowedFrom, hasEnded, isHeld, isWaiting, mayBecome, mayEndUp, TASK_STATUSES } from './task-state.js';

/** As the product promises it. */
const PROMISED = {
  pending: ['assigned', 'in_progress', 'cancelled'],
  assigned: ['accepted', 'rejected', 'in_progress', 'pending', 'cancelled'],
  accepted: ['in_progress', 'pending', 'cancelled'],
  rejected: ['pending', 'assigned', 'cancelled'],
  in_progress: ['completed', 'failed', 'timeout', 'awaiting_input', 'cancelled', 'pending'],
  awaiting_input: ['in_progress', 'cancelled', 'timeout', 'pending'],
  completed: [],
  failed: ['pending', 'cancelled'],
  timeout: ['pending', 'failed', 'cancelled'],
  cancelled: [],
};

describe('the transition table of tasks', () => {
  it('allows what is promised and nothing else', () => {
    const table = Object.fromEntries(
      TASK_STATUSES.map((from) => [from, TASK_STATUSES.filter((to) => mayBecome(from, to))]),
    );
    const inOrder = ([from, to]: [string, string[]]) => [from, TASK_STATUSES.filter((status) => to.includes(status))];
    expect(table).toEqual(Object.fromEntries(Object.entries(PROMISED).map(inOrder)));
    for (const status of TASK_STATUSES) expect([...allowedFrom(status)].sort()).toEqual(PROMISED[status].toSorted());
  });

  it('lets nothing follow completed and cancelled', () => {
    expect(allowedFrom('completed')).toEqual([]);
    expect(allowedFrom('cancelled')).toEqual([]);
  });

  it('reaches every status from pending', () => {
    const reached = new Set(['pending']);
    for (const status of reached) {
      for (const next of allowedFrom(status as (typeof TASK_STATUSES)[number])) reached.add(next);
    }
    expect([...reached].sort()).toEqual([...TASK_STATUSES].sort());
  });

  it('lets a held task be given back, and a waiting one only go on or end', () => {
    expect(mayBecome('in_progress', 'pending')).toBe(true);
    expect(mayBecome('awaiting_input', 'completed')).toBe(false);
    expect(mayBecome('pending', 'completed')).toBe(false);
  });

  it('never lets a task stay in the status it is in', () => {
    for (const status of TASK_STATUSES) expect(mayBecome(status, status)).toBe(false);
  });

  it('knows which have ended and which are held', () => {
    expect(TASK_STATUSES.filter(hasEnded)).toEqual(['completed', 'failed', 'cancelled', 'timeout']);
    expect(TASK_STATUSES.filter(isHeld)).toEqual(['in_progress', 'awaiting_input']);
  });

  it('lets the system, and nobody else, fail or time out what nobody has begun', () => {
    for (const from of TASK_STATUSES) {
      for (const to of ['failed', 'timeout'] as const) {
        expect([from, to, mayEndUp(from, to)]).toEqual([from, to, isWaiting(from) || mayBecome(from, to)]);
      }
    }
    expect(mayBecome('pending', 'failed')).toBe(false);
  });
});
