import { DomainError } from '../shared/errors/index.js';
import type { Agent } from './agent.entity.js';
import { type AgentStatus, allowedFrom } from './agent-state.js';

/** Only an active agent gets work. */
export class AgentNotActive extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'agent_not_active';

  constructor(agent: Agent) {
    super(`The agent ${agent.id} is ${agent.status}; only an active agent gets work.`, {
      agentId: agent.id,
      agentStatus: agent.status,
    });
  }
}

export class InvalidAgentTransition extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'invalid_transition';

  constructor(agent: Agent, to: AgentStatus) {
    const allowed = allowedFrom(agent.status);
    super(`The agent ${agent.id} is ${agent.status} and cannot become ${to}; it can become ${allowed.join(', ')}.`, {
      agentId: agent.id,
      agentStatus: agent.status,
      allowed: [...allowed],
    });
  }
}
