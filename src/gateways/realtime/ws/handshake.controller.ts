import { Controller, Get, HttpCode, HttpException, Inject, Req, Res } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { MissingCredentials, RequireCredentials } from '../../../shared/auth/index.js';
import { assertHandshake, assertOrigin, encodingFor } from './handshake.js';
import { limitsOf, SOCKET_OPTIONS, type SocketLimits, type SocketOptions } from './socket.options.js';
import { Sockets } from './sockets.service.js';
import { SubscribeParams } from './subscribe.dto.js';

/** The handshake is a route like others: credentials, limits, log and refusals are those of every request. */
@Controller('v1/ws')
@RequireCredentials()
@ApiExtraModels(SubscribeParams)
export class HandshakeController {
  private readonly limits: SocketLimits;

  constructor(
    private readonly sockets: Sockets,
    @Inject(SOCKET_OPTIONS) options: SocketOptions,
  ) {
    this.limits = limitsOf(options);
  }

  /** Opens a WebSocket that speaks JSON-RPC 2.0, in JSON or MessagePack by subprotocol; see docs/realtime.md. */
  @Get()
  @HttpCode(101)
  @ApiHeader({
    name: 'Sec-WebSocket-Protocol',
    required: false,
    description: 'muster.v1+json or muster.v1+msgpack, and where no Authorization can be sent muster.bearer.<token>.',
  })
  @ApiResponse({ status: 101, description: 'The connection speaks WebSocket from here on.' })
  @ApiResponse({ status: 426, description: 'This was no WebSocket handshake.' })
  open(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): void {
    const { caller, stillAllowed, headers, ip, id, inProcess } = request;
    reply.header('sec-websocket-version', '13');
    if (!inProcess?.upgrade) {
      reply.header('upgrade', 'websocket');
      throw new HttpException('This route opens WebSockets only.', 426);
    }
    if (!caller || !stillAllowed) throw new MissingCredentials();
    assertHandshake(headers);
    assertOrigin(headers, this.limits.origins);
    const encoding = encodingFor(headers);
    const { authorization = '', 'user-agent': agent = 'websocket' } = headers;
    const peer = { id, caller, address: ip, headers: { authorization, 'user-agent': agent }, encoding };
    request.admitted = {
      accept: (ws, socket) => this.sockets.accept(ws, socket, peer, stillAllowed),
      giveBack: this.sockets.reserve(caller),
    };
  }
}
