import { ArrayMaxSize, IsArray, IsIn, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import {
  IsLabels,
  IsName,
  IsWhole,
  Omittable,
  type Page,
  PageQuery,
  QueryList,
  Sorting,
  Whole,
} from '../shared/http/index.js';
import { type Agent, AGENT_KINDS, type AgentKind } from './agent.entity.js';
import { AGENT_STATUSES, type AgentStatus } from './agent-state.js';
import { MAX_CAPABILITIES, MAX_CAPABILITY_LENGTH } from './capabilities.js';

export const AGENT_SORTING = new Sorting('createdAt', {
  createdAt: { expression: 'created_at', kind: 'timestamp', value: (agent: Agent) => agent.createdAt.toISOString() },
  updatedAt: { expression: 'updated_at', kind: 'timestamp', value: (agent: Agent) => agent.updatedAt.toISOString() },
  name: { expression: 'name', kind: 'text', value: (agent: Agent) => agent.name },
});

/** What may be changed by PATCH. */
export class UpdateAgent {
  /** A program, a person or a service of somebody else's. */
  @Omittable()
  @IsIn(AGENT_KINDS)
  kind?: AgentKind;

  /** What the agent can do, at most 64 words of up to 64 characters; kept in lower case, sorted, each once. */
  @Omittable()
  @IsArray()
  @ArrayMaxSize(MAX_CAPABILITIES)
  @IsString({ each: true })
  @MaxLength(MAX_CAPABILITY_LENGTH, { each: true })
  @Matches(/\S/, { each: true, message: 'each of $property must hold more than white space' })
  capabilities?: string[];

  /** How many tasks it holds at once at most, 1 to 10,000; null is no limit. */
  @IsOptional()
  @IsWhole(1, 10_000)
  capacity?: number | null;

  /** Strings by name, for your own use. */
  @Omittable()
  @IsLabels()
  labels?: Record<string, string>;
}

export class RegisterAgent extends UpdateAgent {
  /** Unique within the tenant. Registering a name again gives the same agent, with the fields that were sent. */
  @IsName()
  name: string;
}

export class ChangeAgentStatus {
  /** What the agent becomes; from its present status not every other one can be reached. */
  @IsIn(AGENT_STATUSES)
  status: AgentStatus;
}

export class ListAgents extends PageQuery {
  /** Any of these. */
  @QueryList({ of: AGENT_STATUSES })
  status?: AgentStatus[];

  /** Any of these. */
  @QueryList({ of: AGENT_KINDS })
  kind?: AgentKind[];

  /** Agents that have all of these. */
  @QueryList({ max: MAX_CAPABILITIES })
  capabilities?: string[];

  /** Exactly this name. */
  @Omittable()
  @IsName()
  name?: string;

  /** By which field, `-` in front for descending. */
  @Omittable()
  @IsIn(AGENT_SORTING.names)
  sort?: string;
}

/** An agent as callers see it. */
export class AgentView {
  id: string;
  name: string;
  kind: AgentKind;
  /** Only an active agent gets work. */
  status: AgentStatus;
  /** In lower case, sorted. */
  capabilities: string[];
  /** How many tasks it holds at once at most; null is no limit. */
  @Whole({ minimum: 1 })
  capacity: number | null;
  labels: Record<string, string>;
  /** The last heartbeat or registration. */
  lastSeenAt: Date;
  createdAt: Date;
  updatedAt: Date;
  /** Rises with every change except heartbeats; the ETag. */
  @Whole({ minimum: 1 })
  version: number;

  static of(agent: Agent): AgentView {
    const { id, name, kind, status, capabilities, capacity, labels } = agent;
    const { lastSeenAt, createdAt, updatedAt, version } = agent;
    return { id, name, kind, status, capabilities, capacity, labels, lastSeenAt, createdAt, updatedAt, version };
  }
}

export class AgentPage implements Page<AgentView> {
  items: AgentView[];
  hasMore: boolean;
  /** The `after` of the next page. */
  nextCursor: string | null;
}

export class AgentHeartbeat {
  id: string;
  /** The agent must know when it is drained or taken out of service. */
  status: AgentStatus;
  lastSeenAt: Date;
}
