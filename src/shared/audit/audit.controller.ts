import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope } from '../auth/access.js';
import type { Caller } from '../auth/caller.js';
import { KeysetCursor, pageOf } from '../http/index.js';
import { AuditPageDto, AuditQuery } from './audit.dto.js';
import type { AuditPlace } from './audit.repository.js';
import { AuditService } from './audit.service.js';

const NEWEST_FIRST = new KeysetCursor('-time', ['timestamp', 'uuid']);

@ApiTags('audit')
@Controller('v1/audit')
@RequireScope('admin')
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  /** Changes, and requests refused for their credentials; newest first. */
  @Get()
  async list(@CurrentCaller() caller: Caller, @Query() query: AuditQuery): Promise<AuditPageDto> {
    const { after, limit, ...filter } = query;
    const place = NEWEST_FIRST.decode(after) as AuditPlace | undefined;
    const rows = await this.audit.list(caller, filter, place, limit + 1);
    return pageOf(rows, limit, (last) => NEWEST_FIRST.encode([last.time.toISOString(), last.id]));
  }
}
