import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { derived, type OptionsSource } from '../shared/options/index.js';
import { WorkspacesModule } from '../workspaces/index.js';
import { Courier } from './courier.js';
import { DeliveriesController } from './deliveries.controller.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import { DeliveriesService } from './deliveries.service.js';
import { Delivery } from './delivery.entity.js';
import { DeliveryMeter } from './delivery-meter.js';
import { DispatchRepository } from './dispatch.repository.js';
import { Dispatcher, DispatchParts } from './dispatcher.js';
import { FanOut } from './fan-out.js';
import { Outcomes } from './outcomes.js';
import { Secrets } from './secrets.js';
import { Sender } from './sender.js';
import { Webhook } from './webhook.entity.js';
import { WebhookNews } from './webhook-news.js';
import { type WebhookOptions, WebhookSettings } from './webhook.settings.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksRepository } from './webhooks.repository.js';
import { WebhooksService } from './webhooks.service.js';
import { WebhookUpkeep } from './webhook-upkeep.js';

const PUBLIC = [WebhooksRepository, WebhooksService, DeliveriesRepository, DeliveriesService, WebhookUpkeep];
const SENDING = [Courier, DeliveryMeter, DispatchRepository, DispatchParts, Dispatcher, FanOut, Outcomes, Secrets];

/** Global, for it has options. Needs the global modules of the database, the event log, auth and the metrics. */
@Module({})
export class WebhooksModule {
  static forRootAsync(source: OptionsSource<WebhookOptions>, { http = true } = {}): DynamicModule {
    return {
      module: WebhooksModule,
      global: true,
      imports: [TypeOrmModule.forFeature([Webhook, Delivery]), WorkspacesModule],
      controllers: http ? [WebhooksController, DeliveriesController] : [],
      providers: [
        { provide: WebhookSettings, ...derived(source, (options) => new WebhookSettings(options)) },
        { provide: Sender, inject: [WebhookSettings], useFactory: (settings: WebhookSettings) => new Sender(settings) },
        WebhookNews,
        ...SENDING,
        ...PUBLIC,
      ],
      exports: PUBLIC,
    };
  }
}
