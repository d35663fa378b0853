export { MusterClient } from './client.js';
export type { CallArguments, CallOptions, ClientOptions, ObservedCall, Observer, Outcome } from './client.js';
export { InvalidOption, MusterError, reasonOf, Unreachable } from './errors.js';
export type { FieldError, Problem } from './errors.js';
export type {
  AgentView,
  ClaimKind,
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
