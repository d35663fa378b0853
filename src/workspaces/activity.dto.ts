import { IsString, Length, Matches } from 'class-validator';
import type { JsonObject } from '../shared/errors/index.js';
import { IsJsonObject, Omittable, type Page, PageQuery, QueryList } from '../shared/http/index.js';
import type { Activity } from './activity.repository.js';

export class RecordActivity {
  /** What was done, such as `review_finished` or `build.started`; not one that Muster records itself. */
  @IsString()
  @Length(1, 100)
  @Matches(/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/, {
    message: '$property must be words of small letters, digits and _, with dots between them',
  })
  type: string;

  /** Whatever tells more; at most 16 KiB of JSON. */
  @Omittable()
  @IsJsonObject()
  details?: JsonObject;
}

export class ListActivity extends PageQuery {
  /** Of one: an agent's id, a key's id or an OIDC subject. */
  @Omittable()
  @IsString()
  @Length(1, 256)
  actor?: string;

  /** Any of these. */
  @QueryList()
  type?: string[];
}

export class ActivityView {
  id: string;
  type: string;
  /** An agent's id, a key's id or an OIDC subject. */
  actorId: string;
  @IsJsonObject()
  details: JsonObject;
  at: Date;

  static of({ id, type, actorId, details, at }: Activity): ActivityView {
    return { id, type, actorId, details, at };
  }
}

export class ActivityPage implements Page<ActivityView> {
  items: ActivityView[];
  hasMore: boolean;
  /** The `after` of the next page. */
  nextCursor: string | null;
}
