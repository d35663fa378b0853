import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MusterModule, TasksModule, WorkerModule, type WorkerOptions, WorkspacesModule } from '../../src/index.js';
import { type Carrier, CARRIER, localCarrier } from './carrier.js';
import { CreateOrders1764000000000 } from './create-orders.migration.js';
import { Order } from './order.entity.js';
import { OrdersService } from './orders.service.js';
import { Shipping } from './shipping.js';
import { shopOf } from './shop.js';

export interface ShopOptions {
  databaseUrl: string;
  /** Name of the shop among the tenants; `shop` unless given. */
  tenant?: string;
  carrier?: Carrier;
  worker?: Partial<WorkerOptions>;
}

/** The whole application. */
@Module({})
export class ShopModule {
  static forRoot({ databaseUrl, tenant = 'shop', carrier = localCarrier, worker }: ShopOptions): DynamicModule {
    return {
      module: ShopModule,
      imports: [
        MusterModule.forRoot({
          databaseUrl,
          migrations: [CreateOrders1764000000000],
          migrationsTable: 'shop_migrations',
        }),
        // On Muster's data source, so that the repository joins its transactions.
        TypeOrmModule.forFeature([Order]),
        TasksModule,
        WorkspacesModule,
        WorkerModule.forRoot({ agent: { name: 'shipping' }, tenant, ...worker }),
      ],
      providers: [shopOf(tenant), { provide: CARRIER, useValue: carrier }, OrdersService, Shipping],
    };
  }
}
