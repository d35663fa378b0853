import { Controller, Get, HttpCode, HttpException, Inject, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequireScope } from '../../../shared/auth/index.js';
import { IdParam } from '../../../shared/http/index.js';
import { assertHandshake, assertOrigin } from '../ws/handshake.js';
import { limitsOf, SOCKET_OPTIONS, type SocketLimits, type SocketOptions } from '../ws/socket.options.js';
import { YjsSockets } from './yjs-sockets.service.js';

/** Not in the OpenAPI document, which knows no other protocol than HTTP. */
@ApiExcludeController()
@Controller('v1/documents/:id/yjs')
@RequireScope('documents:read')
export class YjsController {
  private readonly limits: SocketLimits;

  constructor(
    private readonly sockets: YjsSockets,
    @Inject(SOCKET_OPTIONS) options: SocketOptions,
  ) {
    this.limits = limitsOf(options);
  }

  /** Opens a WebSocket to a live document that speaks the protocol of y-websocket; see docs/live-documents.md. */
  @Get()
  @HttpCode(101)
  async open(
    @IdParam() id: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    reply.header('sec-websocket-version', '13');
    if (!request.inProcess?.upgrade) {
      reply.header('upgrade', 'websocket');
      throw new HttpException('This route opens WebSockets only.', 426);
    }
    assertHandshake(request.headers);
    assertOrigin(request.headers, this.limits.origins);
    request.admitted = await this.sockets.admit(request, id);
  }
}
