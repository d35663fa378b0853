import { type DynamicModule, Module } from '@nestjs/common';
import type { OptionsSource } from '../../../shared/options/index.js';
import { DocumentsModule } from '../../../documents/index.js';
import { YjsController } from '../yjs/yjs.controller.js';
import { YjsSockets } from '../yjs/yjs-sockets.service.js';
import { AgentsModule } from '../../../agents/index.js';
import { WorkspacesModule } from '../../../workspaces/index.js';
import { Attendance } from './attendance.service.js';
import { CredentialWatch } from '../credential-watch.js';
import { HandshakeController } from './handshake.controller.js';
import { MethodCatalogue } from './method-catalogue.js';
import { OwnMethods } from './own-methods.js';
import { RestCalls } from './rest-calls.js';
import { Rpc } from './rpc.service.js';
import { SocketDoor } from './socket-door.js';
import { SocketGateway } from './socket.gateway.js';
import { SOCKET_OPTIONS, type SocketOptions } from './socket.options.js';
import { Sockets } from './sockets.service.js';
import { Subscriptions } from './subscriptions.service.js';

/** Methods and feeds over WebSocket. Needs `MusterWsAdapter`, and the global modules of the event log, auth and metrics. */
@Module({})
export class SocketsModule {
  static forRootAsync(source: OptionsSource<SocketOptions>): DynamicModule {
    return {
      module: SocketsModule,
      imports: [AgentsModule, DocumentsModule, WorkspacesModule],
      controllers: [HandshakeController, YjsController],
      providers: [
        { provide: SOCKET_OPTIONS, ...source },
        Attendance,
        CredentialWatch,
        MethodCatalogue,
        OwnMethods,
        RestCalls,
        Rpc,
        SocketDoor,
        SocketGateway,
        Sockets,
        Subscriptions,
        YjsSockets,
      ],
    };
  }
}
