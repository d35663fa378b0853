import type { WireTask } from '../wire.js';
import { whyLeft } from './outlook.js';

const READY = { status: 'pending', openBlockers: 0, runAt: null, requiredCapabilities: [], claimKind: null } as const;
const force = { ids: new Set(['ada']), capabilities: new Set(['review']) };
const NOW = Date.UTC(2026, 0, 1);
const why = (task: Partial<WireTask>) => whyLeft({ ...READY, assignedTo: null, ...task } as WireTask, force, NOW);

describe('whyLeft', () => {
  it.each<[string, Partial<WireTask>]>([
    ['a ready one', {}],
    ['one it has the capabilities for', { requiredCapabilities: ['review'] }],
    ['one that is due', { runAt: '2025-12-31T23:59:59.000Z' }],
    ['one assigned to one of its agents', { status: 'assigned', assignedTo: 'ada' }],
    ['one under a lease that will end or run out', { status: 'in_progress', claimKind: 'agent', assignedTo: 'zoe' }],
  ])('goes on for %s', (_, task) => {
    expect(why(task)).toBeUndefined();
  });

  it.each<[ReturnType<typeof why>, Partial<WireTask>]>([
    ['blocked', { openBlockers: 1 }],
    ['blocked', { openBlockers: 1, requiredCapabilities: ['typescript'] }],
    ['scheduled', { runAt: '2026-01-01T00:00:01.000Z' }],
    ['beyond', { requiredCapabilities: ['review', 'typescript'] }],
    ['ofOthers', { status: 'assigned', assignedTo: 'zoe' }],
    ['ofOthers', { status: 'in_progress', claimKind: 'human', assignedTo: 'zoe' }],
  ])('leaves as %s: %j', (reason, task) => {
    expect(why(task)).toBe(reason);
  });
});
