export const AGENT_STATUSES = [
  'offline',
  'starting',
  'active',
  'draining',
  'inactive',
  'maintenance',
  'error',
] as const;
export type AgentStatus = (typeof AGENT_STATUSES)[number];

/**
 * What an agent may become; nothing else changes its status. Only `active` agents get work.
 *
 * | status | meaning | leaves it |
 * |---|---|---|
 * | offline | not heard of | by starting, or by a heartbeat straight to active |
 * | starting | up, not ready yet | when ready, or by a heartbeat; error or offline when it does not come up |
 * | active | may claim | |
 * | draining | finishes what it holds, gets nothing new | inactive when done; active when the drain is called off |
 * | inactive | taken out of service by a decision | only by a decision: starting or active |
 * | maintenance | out for a while by a decision | active again, or inactive for good |
 * | error | failed, somebody must look | offline, from where it starts anew |
 */
const TRANSITIONS: Readonly<Record<AgentStatus, readonly AgentStatus[]>> = {
  offline: ['starting', 'active', 'inactive'],
  starting: ['active', 'offline', 'error'],
  active: ['draining', 'maintenance', 'error', 'offline'],
  draining: ['inactive', 'active', 'error', 'offline'],
  inactive: ['starting', 'active'],
  maintenance: ['active', 'inactive', 'offline'],
  error: ['offline'],
};

export const allowedFrom = (status: AgentStatus): readonly AgentStatus[] => TRANSITIONS[status];

/** A sign of life makes such an agent active. What somebody decided (draining, inactive, …) it does not undo. */
export const wakesUp = (status: AgentStatus): boolean => status === 'offline' || status === 'starting';
