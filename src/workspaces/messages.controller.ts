import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { type Caller, CurrentCaller, RequireScope } from '../shared/auth/index.js';
import { IdParam } from '../shared/http/index.js';
import { BroadcastMessage, SendMessage } from './message.dto.js';
import { MessagesService } from './messages.service.js';

/** What is said in a workspace; it is heard in its feed. */
@Controller('v1/workspaces/:id')
@RequireScope('workspaces:write')
export class MessagesController {
  constructor(private readonly messages: MessagesService) {}

  /** Says something to everybody who follows the feed. */
  @Post('broadcast')
  @HttpCode(204)
  async broadcast(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Body() { message }: BroadcastMessage,
  ): Promise<void> {
    await this.messages.send(caller, id, message);
  }

  /** Says something to one member; others who read the feed see it too. */
  @Post('messages')
  @HttpCode(204)
  async send(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Body() { to, message }: SendMessage,
  ): Promise<void> {
    await this.messages.send(caller, id, message, to);
  }
}
