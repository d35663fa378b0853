import type { RegisterAgent } from '../agents/index.js';

export interface WorkerOptions {
  /**
   * The agent that this process works as. Processes that give the same name share one agent: its capabilities, and its
   * capacity for all of them together.
   */
  agent: Pick<RegisterAgent, 'name' | 'capabilities' | 'capacity' | 'labels'>;
  /** Id or name of the tenant; `default` unless given, which is made when it is missing. */
  tenant?: string;
  /** Only tasks of these workspaces; any of the tenant unless given. */
  workspaceIds?: readonly string[];
  /** Tasks that run at once at most, 1 to 1,000; 10 unless given. */
  concurrency?: number;
  /** How long a task stays this worker's when it is not heard of, in seconds; 60 unless given. */
  leaseSeconds?: number;
  /** How long running handlers may finish when the application is closed, in ms; 10,000 unless given. */
  shutdownGraceMs?: number;
}

export const WORKER_OPTIONS = Symbol('worker options');

export const DEFAULT_CONCURRENCY = 10;
export const DEFAULT_SHUTDOWN_GRACE_MS = 10_000;
