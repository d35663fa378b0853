import { Body, Controller, Delete, Get, Headers, HttpCode, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Audit } from '../audit/audited-routes.js';
import { IdParam, KeysetCursor, PageQuery, pageOf } from '../http/index.js';
import {
  IdempotencyContext,
  type IdempotencyRequest,
  IdempotencyService,
  IdempotentByHand,
} from '../idempotency/index.js';
import { CurrentCaller, RequireScope } from './access.js';
import { ApiKeyPage, ApiKeyView, CreateApiKeyDto, CreatedApiKeyView } from './api-key.dto.js';
import { ApiKeysService } from './api-keys.service.js';
import type { Caller } from './caller.js';
import { open, seal } from './sealed.js';

const NEWEST_FIRST = new KeysetCursor('-id', ['uuid']);

@ApiTags('keys')
@Controller('v1/keys')
@RequireScope('admin')
export class ApiKeysController {
  constructor(
    private readonly keys: ApiKeysService,
    private readonly idempotency: IdempotencyService,
  ) {}

  /** Makes a key. Its secret is in this answer and nowhere else. */
  @Post()
  @Audit('with_change')
  @IdempotentByHand()
  async create(
    @CurrentCaller() caller: Caller,
    @Body() body: CreateApiKeyDto,
    @Headers('authorization') credentials: string,
    @IdempotencyContext() request: IdempotencyRequest | undefined,
  ): Promise<CreatedApiKeyView> {
    // The answer is kept for repeats, the secret in it only sealed.
    const kept = await this.idempotency.run(request, async () => {
      const { key, secret } = await this.keys.create(caller, body);
      return { ...ApiKeyView.of(key), secret: seal(secret, credentials) };
    });
    return { ...kept, secret: open(kept.secret, credentials) };
  }

  /** Keys, newest first, revoked ones included. */
  @Get()
  async list(@CurrentCaller() caller: Caller, @Query() { after, limit }: PageQuery): Promise<ApiKeyPage> {
    const before = NEWEST_FIRST.decode(after)?.[0];
    const page = { limit: limit + 1, ...(typeof before === 'string' && { before }) };
    const rows = (await this.keys.list(caller, page)).map(ApiKeyView.of);
    return pageOf(rows, limit, (last) => NEWEST_FIRST.encode([last.id]));
  }

  /** Revokes a key: every node refuses it within a second. */
  @Delete(':id')
  @HttpCode(204)
  @Audit('with_change')
  async revoke(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<void> {
    await this.keys.revoke(caller, id);
  }
}
