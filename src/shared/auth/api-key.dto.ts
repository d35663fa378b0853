import { ArrayMaxSize, ArrayNotEmpty, IsArray, IsIn, IsString, Length, Matches } from 'class-validator';
import { IsName, IsRfc3339, Omittable, type Page } from '../http/index.js';
import type { ApiKey } from './api-keys.repository.js';
import type { CreateApiKey } from './api-keys.service.js';
import { type Scope, SCOPES } from './caller.js';

export class CreateApiKeyDto implements CreateApiKey {
  /** What the key is for. */
  @IsName()
  name: string;

  /** What it may do; nothing that you may not. */
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(SCOPES.length)
  @IsIn(SCOPES, { each: true, message: `each of $property must be one of ${SCOPES.join(', ')}` })
  scopes: Scope[];

  /** Whom it acts as, such as the id of an agent; itself when left out. */
  @Omittable()
  @IsString()
  @Length(1, 255)
  @Matches(/^\P{Cc}*$/u, { message: '$property must not hold control characters' })
  actorId?: string;

  /** When it ends; never when left out. */
  @Omittable()
  @IsRfc3339()
  expiresAt?: Date;
}

/** An API key without its secret. */
export class ApiKeyView {
  id: string;
  name: string;
  /** The secret’s last four characters. */
  ending: string;
  scopes: Scope[];
  /** Whom it acts as; null when it acts as itself. */
  actorId: string | null;
  createdBy: string;
  createdAt: Date;
  expiresAt: Date | null;
  revokedAt: Date | null;
  /** To within some seconds. */
  lastUsedAt: Date | null;

  static of({ tenantId: _, scopes, ...key }: ApiKey): ApiKeyView {
    return { ...key, scopes: [...scopes] };
  }
}

export class CreatedApiKeyView extends ApiKeyView {
  /** The key itself; it is shown this once. */
  secret: string;
}

export class ApiKeyPage implements Page<ApiKeyView> {
  items: ApiKeyView[];
  hasMore: boolean;
  nextCursor: string | null;
}
