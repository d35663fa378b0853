import { AGENT_STATUSES, allowedFrom, type AgentStatus, wakesUp } from './agent-state.js';

describe('the states of an agent', () => {
  it.each<[AgentStatus, AgentStatus]>([
    ['offline', 'starting'],
    ['starting', 'active'],
    ['active', 'draining'],
    ['draining', 'inactive'],
    ['active', 'maintenance'],
    ['active', 'error'],
    ['error', 'offline'],
  ])('leads from %s to %s', (from, to) => {
    expect(allowedFrom(from)).toContain(to);
  });

  it.each<[AgentStatus, AgentStatus]>([
    ['error', 'active'],
    ['inactive', 'draining'],
    ['offline', 'draining'],
    ['maintenance', 'error'],
  ])('does not lead from %s to %s', (from, to) => {
    expect(allowedFrom(from)).not.toContain(to);
  });

  it('leads back to active from everywhere, and never to itself', () => {
    for (const start of AGENT_STATUSES) {
      expect(allowedFrom(start)).not.toContain(start);

      const reached = new Set<AgentStatus>([start]);
      for (const status of reached) for (const next of allowedFrom(status)) reached.add(next);
      expect(reached).toContain('active');
    }
  });

  it('wakes up only who can become active and was not taken out of service', () => {
    const awakened = AGENT_STATUSES.filter(wakesUp);

    expect(awakened).toEqual(['offline', 'starting']);
    for (const status of awakened) expect(allowedFrom(status)).toContain('active');
  });
});
