import { Injectable } from '@nestjs/common';
import { type Caller, grants, MissingScope } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import { InvalidInput, NotFound } from '../shared/errors/index.js';
import { EventLog } from '../shared/events/index.js';
import type { Page } from '../shared/http/index.js';
import { WorkspaceAccess } from '../workspaces/index.js';
import { Secrets } from './secrets.js';
import { Sender } from './sender.js';
import { newWebhookSecret } from './signature.js';
import type { CreateWebhook, ListWebhooks, UpdateWebhook } from './webhook.dto.js';
import type { Webhook } from './webhook.entity.js';
import { webhookCreated, webhookDeleted, webhookRotated, webhookUpdated } from './webhooks.events.js';
import { type WebhookPatch, WebhooksRepository } from './webhooks.repository.js';

/** `secret` is shown this once. */
export interface WebhookWithSecret {
  webhook: Webhook;
  secret: string;
}

const OVERLAP_SECONDS = 24 * 60 * 60;

/** Endpoints elsewhere that are told what happens. */
@Injectable()
export class WebhooksService {
  constructor(
    private readonly webhooks: WebhooksRepository,
    private readonly access: WorkspaceAccess,
    private readonly events: EventLog,
    private readonly secrets: Secrets,
    private readonly sender: Sender,
  ) {}

  /**
   * What happens from now on is sent to it.
   * @throws NotFound for the workspace, InvalidInput for an address that is not allowed, TooManyWebhooks
   */
  @Transactional()
  async create(caller: Caller, given: CreateWebhook): Promise<WebhookWithSecret> {
    if (given.workspaceId !== undefined) await this.access.assertMayIn(caller, given.workspaceId, 'read');
    else assertMayHearAll(caller);
    const secret = newWebhookSecret();
    const webhook = await this.webhooks.insert(caller.tenantId, {
      workspaceId: given.workspaceId ?? null,
      ...this.placeOf(given.url),
      types: given.types ?? [],
      subjects: given.subjects ?? [],
      ordered: given.ordered ?? false,
      description: given.description ?? null,
      enabled: given.enabled ?? true,
      secret: this.secrets.kept(secret),
      createdBy: caller.actorId,
    });
    this.events.append(caller.tenantId, webhookCreated(caller.actorId, webhook));
    return { webhook, secret };
  }

  /** @throws NotFound */
  async get(caller: Caller, id: string): Promise<Webhook> {
    const webhook = await this.webhooks.get(caller.tenantId, id);
    await this.assertMayUse(caller, webhook);
    return webhook;
  }

  /** Those of the tenant, and of workspaces that the caller may read. */
  async list(caller: Caller, query: Partial<ListWebhooks> = {}): Promise<Page<Webhook>> {
    return this.webhooks.list(caller.tenantId, query, await this.access.readable(caller));
  }

  /** @throws NotFound, OptimisticLock when the endpoint is not at `version`, InvalidInput as `create` */
  @Transactional()
  async update(caller: Caller, id: string, version: number, changes: UpdateWebhook): Promise<Webhook> {
    await this.assertMayAim(caller, id);
    const patch = this.patchOf(changes);
    const webhook = await this.webhooks.update(caller.tenantId, id, version, patch);
    this.events.append(caller.tenantId, webhookUpdated(caller.actorId, webhook, patch));
    return webhook;
  }

  /**
   * A new secret. The one so far signs beside it for `overlapSeconds`, a day unless given, so that receivers can change
   * over without losing a request. @throws NotFound
   */
  @Transactional()
  async rotateSecret(caller: Caller, id: string, overlapSeconds = OVERLAP_SECONDS): Promise<WebhookWithSecret> {
    await this.assertMayAim(caller, id);
    const secret = newWebhookSecret();
    const webhook = await this.webhooks.rotate(caller.tenantId, id, this.secrets.kept(secret), overlapSeconds);
    this.events.append(caller.tenantId, webhookRotated(caller.actorId, webhook));
    return { webhook, secret };
  }

  /** Removes it with its secrets; nothing more is sent, and its log goes after a while. @throws NotFound */
  @Transactional()
  async delete(caller: Caller, id: string): Promise<void> {
    await this.get(caller, id);
    const webhook = await this.webhooks.delete(caller.tenantId, id);
    this.events.append(caller.tenantId, webhookDeleted(caller.actorId, webhook));
  }

  /** Who may not know of its workspace may not know of the endpoint. */
  private async assertMayUse(caller: Caller, { id, workspaceId }: Webhook): Promise<void> {
    if (workspaceId === null) return;
    try {
      await this.access.assertMayRead(caller, workspaceId);
    } catch (error) {
      throw error instanceof NotFound ? new NotFound('webhook', id) : error;
    }
  }

  /** Where it is sent to, and under which secret, is for who may hear what it hears. */
  private async assertMayAim(caller: Caller, id: string): Promise<void> {
    const { workspaceId } = await this.get(caller, id);
    if (workspaceId === null) assertMayHearAll(caller);
  }

  private patchOf({ url, types, subjects, ordered, description, enabled }: UpdateWebhook): WebhookPatch {
    return {
      ...(url !== undefined && this.placeOf(url)),
      ...(types !== undefined && { types }),
      ...(subjects !== undefined && { subjects }),
      ...(ordered !== undefined && { ordered }),
      ...(description !== undefined && { description }),
      ...(enabled !== undefined && { enabled }),
    };
  }

  /** A name is looked up when it is connected to; an address can be refused at once. */
  private placeOf(given: string): Pick<Webhook, 'url' | 'host'> {
    const { href: url, host, hostname } = new URL(given);
    if (this.sender.allowsHost(hostname)) return { url, host };
    throw InvalidInput.of('url', 'isAllowedAddress', `url must not name a private address, as ${hostname} is.`);
  }
}

/** An endpoint of the whole tenant hears private workspaces as well. */
function assertMayHearAll({ scopes }: Caller): void {
  if (!grants(scopes, 'admin')) throw new MissingScope('admin', scopes);
}
