// Places three orders and waits until the worker of this same process has shipped them:
// `npm run example:in-process`. With DATABASE_URL on that database, without it on one of its own in .muster/.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { setTimeout as pause } from 'node:timers/promises';
import { EmbeddedPostgres } from '../../src/index.js';
import { OrdersService } from './orders.service.js';
import { ShopModule } from './shop.module.js';

async function run(databaseUrl: string): Promise<void> {
  const app = await NestFactory.createApplicationContext(ShopModule.forRoot({ databaseUrl }), {
    logger: ['error', 'warn'],
    abortOnError: false,
  });
  try {
    const orders = app.get(OrdersService);
    for (const article of ['teapot', 'kettle', 'samovar']) {
      const { order, task } = await orders.place(article, 1);
      console.log(`placed   ${article}, task ${task.id}`);
      await shipped(orders, order.id);
    }
  } finally {
    await app.close();
  }
}

async function shipped(orders: OrdersService, id: string): Promise<void> {
  for (;;) {
    const { status, article, trackingCode } = await orders.get(id);
    if (status === 'shipped') return console.log(`shipped  ${article} as ${trackingCode}`);
    await pause(20);
  }
}

async function main(): Promise<void> {
  const { DATABASE_URL } = process.env;
  if (DATABASE_URL) return run(DATABASE_URL);
  const database = await EmbeddedPostgres.start({ directory: '.muster/shop', log: () => undefined });
  try {
    await run(database.url);
  } finally {
    await database.stop();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
