export * from './agent.dto.js';
export type { Agent, AgentKind } from './agent.entity.js';
export type { AgentStatus } from './agent-state.js';
export * from './agents.errors.js';
export { AgentsHttpModule, AgentsModule } from './agents.module.js';
export { AgentsRepository } from './agents.repository.js';
export { AgentsService } from './agents.service.js';
export { MAX_CAPABILITIES, MAX_CAPABILITY_LENGTH, normaliseCapabilities } from './capabilities.js';
