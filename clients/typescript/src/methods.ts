import type { components, EventType, METHODS, operations } from './generated.js';

/** The name of a call, the same over REST and over WebSocket: `task.create`. */
export type Method = keyof typeof METHODS;

type Routes = typeof METHODS;
type Operation<M extends Method> = operations[Routes[M]['operation']];

type PathOf<O> = O extends { parameters: { path: infer Path extends object } } ? Path : unknown;
type QueryOf<O> = O extends { parameters: { query?: infer Query } }
  ? Query extends object
    ? Query
    : unknown
  : unknown;
type BodyOf<O> = O extends { requestBody?: { content: { 'application/json': infer Body } } } ? Body : unknown;
type VersionOf<M extends Method> = Routes[M] extends { versioned: true }
  ? {
      /** The version that was read. */
      ifMatch: number;
    }
  : unknown;

/** Of path, query and body, all by name. */
export type Params<M extends Method> = PathOf<Operation<M>> &
  QueryOf<Operation<M>> &
  BodyOf<Operation<M>> &
  VersionOf<M>;

type Success<O> = O extends { responses: infer Responses } ? Responses[keyof Responses] : never;

/** What the call answers; null where there is nothing to say. */
export type Result<M extends Method> =
  Success<Operation<M>> extends { content: { 'application/json': infer Body } } ? Body : null;

/** Methods whose answer is a page, and what their pages hold. */
export type ListMethod = {
  [M in Method]: Result<M> extends { items: unknown[]; nextCursor: string | null } ? M : never;
}[Method];
export type Item<M extends ListMethod> = Result<M> extends { items: (infer One)[] } ? One : never;

type Schemas = components['schemas'];
export type Task = Schemas['TaskView'];
export type AgentView = Schemas['AgentView'];
export type Workspace = Schemas['WorkspaceView'];
/** What a claim gives: the task, and the epoch that every later write carries. */
export type Lease = Schemas['LeaseView'];
export type HeartbeatResult = Schemas['HeartbeatResultView'];
/** An event as CloudEvents 1.0 has it; its `type` tells what `data` is. A newer server may send types of its own. */
export type FeedEvent = {
  [Type in EventType]: Omit<Schemas['CloudEvent'], 'type' | 'data'> & { type: Type; data: Schemas[Type] };
}[EventType];
export type { EventType };
export type ClaimKind = NonNullable<Schemas['ClaimDto']['claimKind']>;
export type Failure = Schemas['FailureDto'];

export type JsonValue = string | number | boolean | null | JsonValue[] | { [name: string]: JsonValue };
