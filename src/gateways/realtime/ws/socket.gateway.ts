import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Admitted } from './socket-door.js';

/** Where the adapter brings the connections that it has opened. */
@WebSocketGateway({ path: '/v1/ws' })
export class SocketGateway implements OnGatewayConnection {
  handleConnection(ws: WebSocket, socket: Socket, admitted: Admitted): void {
    admitted.accept(ws, socket);
  }
}
