import { Inject, Injectable } from '@nestjs/common';
import { type Task, type TaskContext, TaskFailure, TaskHandler } from '../../src/index.js';
import { type Carrier, CARRIER } from './carrier.js';
import { OrdersService } from './orders.service.js';

/** Ships what was ordered. */
@Injectable()
export class Shipping {
  constructor(
    private readonly orders: OrdersService,
    @Inject(CARRIER) private readonly carrier: Carrier,
  ) {}

  @TaskHandler('ship-order', { concurrency: 4 })
  async ship({ parameters }: Task, context: TaskContext): Promise<void> {
    const { orderId } = parameters;
    if (typeof orderId !== 'string') {
      throw new TaskFailure('no_order', 'The task names no order.', { retryable: false });
    }
    const order = await this.orders.get(orderId);
    await context.progress(10, `Booking ${order.quantity} × ${order.article}`);
    const trackingCode = await this.carrier.book(order.id, context.signal);
    await this.orders.shipped(order.id, trackingCode, context);
  }
}
