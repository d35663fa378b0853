import type { WireAgent, WireTask } from '../wire.js';
import { leaseFindings, stuckFindings, stuckTasks } from './work-checks.js';

const NOW = Date.UTC(2026, 0, 1, 12);
const ago = (seconds: number): string => new Date(NOW - seconds * 1_000).toISOString();
const task = (more: Partial<WireTask>): WireTask =>
  ({ id: 't', openBlockers: 0, runAt: null, requiredCapabilities: [], ...more }) as WireTask;
const agent = (...capabilities: string[]): WireAgent => ({ capabilities, lastSeenAt: ago(5) }) as WireAgent;

describe('leases', () => {
  it('gives the sweeper ten seconds', () => {
    const held = [5, -60].map((s) => task({ claimKind: 'agent', leaseExpiresAt: ago(s) }));
    expect(leaseFindings(held, NOW)).toEqual([]);
  });

  it('finds leases of agents that nobody swept, and overdue ones that are never taken away', () => {
    const held = (['agent', 'human'] as const).map((claimKind) => task({ claimKind, leaseExpiresAt: ago(60) }));
    expect(leaseFindings(held, NOW)).toMatchObject([
      { severity: 'error', what: expect.stringMatching(/^1 lease ended more than 10 s ago/) as string },
      { severity: 'info', what: expect.stringMatching(/^1 interactive or human lease is overdue/) as string },
    ]);
  });
});

describe('ready work', () => {
  it('is stuck when it could long have been claimed', () => {
    const long = task({ id: 'long', readyAt: ago(700) });
    const others = [
      task({ readyAt: ago(500) }),
      task({ readyAt: ago(700), openBlockers: 1 }),
      task({ readyAt: ago(700), runAt: ago(500) }),
      task({ readyAt: ago(700), runAt: ago(-500) }),
    ];
    expect(stuckTasks([long, ...others], 600_000, NOW)).toEqual([long]);
  });

  it('names the capabilities that no active agent has, and counts the agents where some have them', () => {
    const stuck = [
      task({ requiredCapabilities: ['go', 'sql'] }),
      task({}),
      task({ requiredCapabilities: ['go', 'sql'] }),
    ];
    const [lacking, waiting] = stuckFindings(stuck, [agent('go'), agent('sql')]);
    expect(lacking).toEqual({
      severity: 'warning',
      what: '2 tasks ready for long: no active agent can do go,sql.',
      mend: 'Run an agent that can: muster agent register NAME --capabilities go,sql',
    });
    expect(waiting?.what).toMatch(/^1 task ready for long, though 2 active agents can do them/);
  });
});
