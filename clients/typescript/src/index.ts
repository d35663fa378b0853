export { MusterClient } from './client.js';
export type { ClientOptions } from './client.js';
export type { CallArguments, CallOptions, CallsOptions, ObservedCall, Observer, Outcome } from './calls.js';
export { InvalidOption, MusterError, reasonOf, Unreachable } from './errors.js';
export type { FieldError, Problem } from './errors.js';
export type {
  AgentView,
  ClaimKind,
  EventType,
  Failure,
  FeedEvent,
  HeartbeatResult,
  Item,
  JsonValue,
  Lease,
  ListMethod,
  Method,
  Params,
  Result,
  Task,
  Workspace,
} from './methods.js';
export type { Agent, AgentOptions, RunOptions } from './agent/agent.js';
export type { AgentReports } from './agent/reports.js';
export { TaskFailure } from './agent/task-failure.js';
export { WorkAborted } from './agent/task-handler.js';
export type { AbortCause, Held, TaskContext, TaskHandler } from './agent/task-handler.js';
export type { FollowOptions, Realtime } from './realtime/realtime.js';
export type { OutboxInUse } from './outbox/folder-lock.js';
export type { Answer } from './outbox/outbox.js';
