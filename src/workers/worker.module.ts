import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { AgentsModule } from '../agents/index.js';
import { given, type OptionsSource } from '../shared/options/index.js';
import { TasksModule } from '../tasks/index.js';
import { WorkspacesModule } from '../workspaces/index.js';
import { LeaseKeeper } from './lease-keeper.js';
import { TaskHandlers } from './task-handlers.js';
import { TaskRunner } from './task-runner.js';
import { Worker, WorkerParts } from './worker.js';
import { WorkerAgent } from './worker-agent.js';
import { WORKER_OPTIONS, type WorkerOptions } from './worker.options.js';

export interface WorkerAsyncOptions extends OptionsSource<WorkerOptions> {
  /** Modules whose providers `inject` names. */
  imports?: ModuleMetadata['imports'];
}

/** Makes the process a worker: its providers' `@TaskHandler` methods are called with the tasks it claims. Once an application. */
@Module({})
export class WorkerModule {
  static forRoot(options: WorkerOptions): DynamicModule {
    return WorkerModule.forRootAsync(given(options));
  }

  static forRootAsync({ imports = [], ...source }: WorkerAsyncOptions): DynamicModule {
    return {
      module: WorkerModule,
      imports: [DiscoveryModule, WorkspacesModule, AgentsModule, TasksModule, ...imports],
      providers: [
        { provide: WORKER_OPTIONS, ...source },
        WorkerAgent,
        TaskHandlers,
        TaskRunner,
        LeaseKeeper,
        WorkerParts,
        Worker,
      ],
      exports: [Worker],
    };
  }
}
