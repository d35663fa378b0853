import { IsBoolean, IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { IsSubjectFilter, IsTypeFilter } from '../shared/events/index.js';
import {
  IsId,
  IsWhole,
  Omittable,
  type Page,
  PageQuery,
  QueryBoolean,
  rule,
  Sorting,
  Whole,
} from '../shared/http/index.js';
import type { DisabledReason, Webhook } from './webhook.entity.js';

export const WEBHOOK_SORTING = new Sorting('createdAt', {
  createdAt: { expression: 'created_at', kind: 'timestamp', value: (one: Webhook) => one.createdAt.toISOString() },
});

const MAX_URL = 2_048;
const DAY = 24 * 60 * 60;

/** An absolute URL of HTTP that carries no credentials: those would stand in logs. */
const isEndpoint = (value: unknown): boolean => {
  if (typeof value !== 'string' || value.length > MAX_URL || !URL.canParse(value)) return false;
  const { protocol, username, password, hash, href } = new URL(value);
  return /^https?:$/.test(protocol) && username + password + hash === '' && href.length <= MAX_URL;
};

const IsEndpoint = (): PropertyDecorator =>
  rule(
    'isEndpoint',
    isEndpoint,
    `$property must be an http or https URL of at most ${MAX_URL} characters, without credentials and fragment`,
  );

class WebhookFields {
  /** Only events of these types, such as task.created, or task.* for all that begin so; empty for all. */
  @Omittable()
  @IsTypeFilter()
  types?: string[];

  /** Only what happened to these: ids of tasks, agents or workspaces, alone or as task/<id>, or task/* for all of a kind; empty for all. */
  @Omittable()
  @IsSubjectFilter()
  subjects?: string[];

  /** One at a time, in the order of the events: the next one goes when the one before was delivered or is dead. */
  @Omittable()
  @IsBoolean()
  ordered?: boolean;

  /** What it is for. */
  @IsOptional()
  @IsString()
  @MaxLength(1_000)
  description?: string | null;

  /** Whether events are sent to it. Enabling it again forgets its failures and goes on with what was pending. */
  @Omittable()
  @IsBoolean()
  enabled?: boolean;
}

/** What may be changed by PATCH. */
export class UpdateWebhook extends WebhookFields {
  /** Where events are posted to. */
  @Omittable()
  @IsEndpoint()
  url?: string;
}

export class CreateWebhook extends WebhookFields {
  /** Where events are posted to. */
  @IsEndpoint()
  url: string;

  /** Whose feed it follows; without it the tenant's own and those of all its workspaces. */
  @Omittable()
  @IsId()
  workspaceId?: string;
}

export class RotateSecret {
  /** How many seconds the secret so far goes on to sign beside the new one, up to 7 days; a day when left out. */
  @Omittable()
  @IsWhole(0, 7 * DAY)
  overlapSeconds?: number;
}

export class ListWebhooks extends PageQuery {
  /** Those that follow this workspace only. */
  @Omittable()
  @IsId()
  workspaceId?: string;

  @QueryBoolean()
  enabled?: boolean;

  /** By which field, `-` in front for descending. */
  @Omittable()
  @IsIn(WEBHOOK_SORTING.names)
  sort?: string;
}

/** An endpoint as callers see it, without its secrets. */
export class WebhookView {
  id: string;
  /** Null: it follows the tenant's feed and those of all workspaces. */
  workspaceId: string | null;
  url: string;
  types: string[];
  subjects: string[];
  ordered: boolean;
  description: string | null;
  enabled: boolean;
  /** By request, because it answered 410, or because everything sent to it failed for days. */
  disabledReason: DisabledReason | null;
  /** The first failure since anything was delivered. */
  failingSince: Date | null;
  /** Until when the secret before the present one signs as well. */
  previousSecretUntil: Date | null;
  createdBy: string;
  createdAt: Date;
  updatedAt: Date;
  /** Rises with every change; the ETag. */
  @Whole({ minimum: 1 })
  version: number;

  static of(webhook: Webhook): WebhookView {
    const { id, workspaceId, url, types, subjects, ordered, description, enabled, disabledReason } = webhook;
    const { failingSince, previousSecretUntil, createdBy, createdAt, updatedAt, version } = webhook;
    const settings = { id, workspaceId, url, types, subjects, ordered, description, enabled, disabledReason };
    return { ...settings, failingSince, previousSecretUntil, createdBy, createdAt, updatedAt, version };
  }
}

export class WebhookWithSecretView extends WebhookView {
  /** Verifies what is sent: `whsec_…`. It is shown this once. */
  secret: string;
}

export class WebhookPage implements Page<WebhookView> {
  items: WebhookView[];
  hasMore: boolean;
  /** The `after` of the next page. */
  nextCursor: string | null;
}
