import { type DynamicModule, Module } from '@nestjs/common';
import type { OptionsSource } from '../../shared/options/index.js';
import { WorkspacesModule } from '../../workspaces/index.js';
import { CredentialWatch } from './credential-watch.js';
import { EventStreamsController } from './event-streams.controller.js';
import { EventStreams } from './event-streams.service.js';
import { SubscribersController } from './subscribers.controller.js';
import { STREAM_OPTIONS, type StreamOptions } from './stream.options.js';

/** Feeds as they are written, for clients elsewhere. Needs the global modules of the event log, auth and metrics. */
@Module({})
export class RealtimeModule {
  static forRootAsync(source: OptionsSource<StreamOptions>): DynamicModule {
    return {
      module: RealtimeModule,
      imports: [WorkspacesModule],
      controllers: [EventStreamsController, SubscribersController],
      providers: [{ provide: STREAM_OPTIONS, ...source }, CredentialWatch, EventStreams],
    };
  }
}
