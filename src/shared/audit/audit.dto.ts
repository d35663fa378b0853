import { IsString, IsUUID, Length } from 'class-validator';
import { IsRfc3339, Omittable, type Page, PageQuery, QueryInt, Whole } from '../http/index.js';
import type { AuditRecord } from './audit.repository.js';

export class AuditQuery extends PageQuery {
  @Omittable()
  @IsString()
  @Length(1, 255)
  actorId?: string;

  @Omittable()
  @IsUUID()
  keyId?: string;

  /** The thing it was about. */
  @Omittable()
  @IsString()
  @Length(1, 256)
  subjectId?: string;

  /** Method and route, such as `POST /v1/keys`. */
  @Omittable()
  @IsString()
  @Length(1, 256)
  operation?: string;

  @QueryInt(100, 599)
  status?: number;

  /** From this time on. */
  @Omittable()
  @IsRfc3339()
  since?: Date;

  /** Before this time. */
  @Omittable()
  @IsRfc3339()
  until?: Date;
}

/** Who did what, from where. */
export class AuditRecordDto implements AuditRecord {
  id: string;
  time: Date;
  actorId: string;
  /** The API key that was used; null for an access token. */
  keyId: string | null;
  /** Method and route. */
  operation: string;
  subjectId: string | null;
  @Whole({ minimum: 100, maximum: 599 })
  status: number;
  /** The problem's code, where the request was refused. */
  code: string | null;
  requestId: string | null;
  ip: string | null;
  userAgent: string | null;
}

export class AuditPageDto implements Page<AuditRecordDto> {
  items: AuditRecordDto[];
  hasMore: boolean;
  nextCursor: string | null;
}
