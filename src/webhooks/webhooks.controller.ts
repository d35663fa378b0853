import { Body, Controller, Delete, Get, Headers, HttpCode, Patch, Post, Query } from '@nestjs/common';
import { Audit } from '../shared/audit/index.js';
import { type Caller, CurrentCaller, grants, MissingScope, open, RequireScope, seal } from '../shared/auth/index.js';
import { IdParam, IfMatch, SendsVersion } from '../shared/http/index.js';
import {
  IdempotencyContext,
  type IdempotencyRequest,
  IdempotencyService,
  IdempotentByHand,
} from '../shared/idempotency/index.js';
import {
  CreateWebhook,
  ListWebhooks,
  RotateSecret,
  UpdateWebhook,
  WebhookPage,
  WebhookView,
  WebhookWithSecretView,
} from './webhook.dto.js';
import { WebhooksService, type WebhookWithSecret } from './webhooks.service.js';

@Controller('v1/webhooks')
@RequireScope('webhooks:write')
export class WebhooksController {
  constructor(
    private readonly webhooks: WebhooksService,
    private readonly idempotency: IdempotencyService,
  ) {}

  /**
   * Registers an endpoint, to which events are sent from now on; needs the scope `events:read` too. Its secret is in this
   * answer and nowhere else.
   */
  @Post()
  @Audit('with_change')
  @IdempotentByHand()
  @SendsVersion()
  async create(
    @CurrentCaller() caller: Caller,
    @Body() body: CreateWebhook,
    @Headers('authorization') credentials: string,
    @IdempotencyContext() request: IdempotencyRequest | undefined,
  ): Promise<WebhookWithSecretView> {
    assertMayRead(caller);
    return this.once(request, credentials, () => this.webhooks.create(caller, body));
  }

  /** Endpoints, oldest first unless sorted otherwise. */
  @Get()
  @RequireScope('webhooks:read')
  async list(@CurrentCaller() caller: Caller, @Query() query: ListWebhooks): Promise<WebhookPage> {
    const page = await this.webhooks.list(caller, query);
    return { ...page, items: page.items.map(WebhookView.of) };
  }

  @Get(':id')
  @RequireScope('webhooks:read')
  @SendsVersion()
  async get(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<WebhookView> {
    return WebhookView.of(await this.webhooks.get(caller, id));
  }

  /** Changes the fields that are sent; needs the scope `events:read` too. */
  @Patch(':id')
  @SendsVersion()
  async update(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @IfMatch() version: number,
    @Body() body: UpdateWebhook,
  ): Promise<WebhookView> {
    assertMayRead(caller);
    return WebhookView.of(await this.webhooks.update(caller, id, version, body));
  }

  /** Removes an endpoint with its secrets. Nothing more is sent to it. */
  @Delete(':id')
  @HttpCode(204)
  async delete(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<void> {
    await this.webhooks.delete(caller, id);
  }

  /** Gives an endpoint a new secret, which is in this answer and nowhere else. The one so far signs on for a while. */
  @Post(':id/rotate-secret')
  @HttpCode(200)
  @Audit('with_change')
  @IdempotentByHand()
  @SendsVersion()
  rotateSecret(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Body() { overlapSeconds }: RotateSecret,
    @Headers('authorization') credentials: string,
    @IdempotencyContext() request: IdempotencyRequest | undefined,
  ): Promise<WebhookWithSecretView> {
    return this.once(request, credentials, () => this.webhooks.rotateSecret(caller, id, overlapSeconds));
  }

  /** The answer is kept for repeats, the secret in it only sealed. */
  private async once(
    request: IdempotencyRequest | undefined,
    credentials: string,
    change: () => Promise<WebhookWithSecret>,
  ): Promise<WebhookWithSecretView> {
    const kept = await this.idempotency.run(request, async () => {
      const { webhook, secret } = await change();
      return { ...WebhookView.of(webhook), secret: seal(secret, credentials) };
    });
    return { ...kept, secret: open(kept.secret, credentials) };
  }
}

/** An endpoint gets what its maker could not read: nobody hands on more than he has. */
function assertMayRead({ scopes }: Caller): void {
  if (!grants(scopes, 'events:read')) throw new MissingScope('events:read', scopes);
}
