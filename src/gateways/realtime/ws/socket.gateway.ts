import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { type Admitted, Sockets } from './sockets.service.js';

/** Where the adapter brings the connections that it has opened. */
@WebSocketGateway({ path: '/v1/ws' })
export class SocketGateway implements OnGatewayConnection {
  constructor(private readonly sockets: Sockets) {}

  handleConnection(ws: WebSocket, socket: Socket, admitted: Admitted): void {
    this.sockets.accept(ws, socket, admitted);
  }
}
