// The example's application in a process of its own, to be killed while its worker waits for the carrier:
// `node -r ./run-ts.cjs shop-process.ts <database url> <tenant>`. It tells which order it is at.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { Carrier } from '../../examples/in-process/carrier.js';
import { OrdersService } from '../../examples/in-process/orders.service.js';
import { ShopModule } from '../../examples/in-process/shop.module.js';

async function main(databaseUrl = '', tenant = ''): Promise<void> {
  const seen: { placed?: { order: string; task: string }; booked?: true } = {};
  const tell = (): void => {
    if (seen.booked && seen.placed) process.send?.(seen.placed);
  };
  const carrier: Carrier = {
    book: () => {
      seen.booked = true;
      tell();
      return new Promise<string>(() => undefined);
    },
  };
  const shop = ShopModule.forRoot({ databaseUrl, tenant, carrier, worker: { leaseSeconds: 1 } });
  const app = await NestFactory.createApplicationContext(shop, { logger: ['error'], abortOnError: false });
  const { order, task } = await app.get(OrdersService).place('teapot', 1);
  seen.placed = { order: order.id, task: task.id };
  tell();
}

main(...process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
