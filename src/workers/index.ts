export { TaskFailure } from './task-failure.js';
export {
  type AbortCause,
  type TaskContext,
  TaskHandler,
  type TaskHandlerOptions,
  type TaskMethod,
  WorkAborted,
} from './task-handler.js';
export { Worker } from './worker.js';
export { type WorkerAsyncOptions, WorkerModule } from './worker.module.js';
export type { WorkerOptions } from './worker.options.js';
