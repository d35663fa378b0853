import { type DynamicModule, type FactoryProvider, Module } from '@nestjs/common';
import type { OptionsSource } from '../shared/options/index.js';

export interface WorkspaceOptions {
  /** Workspaces of a tenant, the default one included; default 100. */
  limit?: number;
  /** Days that activity is kept; 0 for ever, default 90. */
  activityRetentionDays?: number;
}

/** The options, with what was left out. */
export class WorkspaceSettings implements Required<WorkspaceOptions> {
  readonly limit: number;
  readonly activityRetentionDays: number;

  constructor(options: WorkspaceOptions) {
    this.limit = options.limit ?? 100;
    this.activityRetentionDays = options.activityRetentionDays ?? 90;
  }
}

const WORKSPACE_OPTIONS = Symbol('workspace options');

/** Of the options, where the application has any. */
export const WORKSPACE_SETTINGS: FactoryProvider<WorkspaceSettings> = {
  provide: WorkspaceSettings,
  inject: [{ token: WORKSPACE_OPTIONS, optional: true }],
  useFactory: (options: WorkspaceOptions = {}) => new WorkspaceSettings(options),
};

/** Gives the workspaces their options, wherever their module is imported. */
@Module({})
export class WorkspaceOptionsModule {
  static forRootAsync(source: OptionsSource<WorkspaceOptions>): DynamicModule {
    return {
      module: WorkspaceOptionsModule,
      global: true,
      providers: [{ provide: WORKSPACE_OPTIONS, ...source }],
      exports: [WORKSPACE_OPTIONS],
    };
  }
}
