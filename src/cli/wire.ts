import type { AgentView } from '../agents/index.js';
import type { AttemptView, HeartbeatResultView, TaskView } from '../tasks/index.js';

type Times = 'createdAt' | 'updatedAt' | 'completedAt' | 'readyAt' | 'runAt' | 'deadline' | 'claimedAt' | 'endedAt';
type MoreTimes = 'leaseExpiresAt' | 'startedAt' | 'lastSeenAt' | 'expiresAt' | 'revokedAt' | 'lastUsedAt' | 'time';

/** A view as JSON carries it: its times are RFC 3339 texts. */
export type Wire<View> = {
  [Key in keyof View]: Key extends Times | MoreTimes ? Exclude<View[Key], Date> | string : View[Key];
};

export type WireTask = Wire<TaskView>;
export type WireAgent = Wire<AgentView>;
export type WireAttempt = Wire<AttemptView>;
export type WireHeartbeat = Wire<HeartbeatResultView>;

/** What a claim gives. */
export interface WireLease {
  task: WireTask;
  epoch: number;
  leaseExpiresAt: string;
}
