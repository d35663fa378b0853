import { applyDecorators, Controller, Get, Query, StreamableFile } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { RequireScope } from '../../shared/auth/index.js';
import { NotFound } from '../../shared/errors/index.js';
import { AnswersGone, IdParam } from '../../shared/http/index.js';
import { WorkspaceAccess } from '../../workspaces/index.js';
import { EventStreams } from './event-streams.service.js';
import { StreamQuery } from './stream.dto.js';
import { Reader, type StreamReader } from './stream-reader.js';

const AnswersEventStream = (): MethodDecorator =>
  applyDecorators(
    AnswersGone(),
    ApiOkResponse({
      description:
        'Server-sent events: `id` is the number in the feed, `event` the type, `data` the CloudEvent in one line. `resync` and `end` are the last words of a stream.',
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    }),
  );

/** The feeds as they are written, by server-sent events. */
@Controller('v1')
@RequireScope('events:read')
export class EventStreamsController {
  constructor(
    private readonly streams: EventStreams,
    private readonly access: WorkspaceAccess,
  ) {}

  /** Events of a workspace from the cursor on, and then as they come. */
  @Get('workspaces/:id/events/stream')
  @AnswersEventStream()
  async ofWorkspace(
    @Reader() reader: StreamReader,
    @IdParam() id: string,
    @Query() query: StreamQuery,
  ): Promise<StreamableFile> {
    if (id === reader.caller.tenantId) throw new NotFound('workspace', id);
    await this.access.assertMayRead(reader.caller, id);
    return new StreamableFile(await this.streams.open(reader, id, query));
  }

  /** The same of the tenant as a whole. */
  @Get('events/stream')
  @AnswersEventStream()
  async ofTenant(@Reader() reader: StreamReader, @Query() query: StreamQuery): Promise<StreamableFile> {
    return new StreamableFile(await this.streams.open(reader, reader.caller.tenantId, query));
  }
}
