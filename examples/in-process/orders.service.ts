import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { randomUUID } from 'node:crypto';
import type { Repository } from 'typeorm';
import { type Caller, NotFound, type Task, type TaskContext, TasksService, Transactional } from '../../src/index.js';
import { Order } from './order.entity.js';
import { SHOP } from './shop.js';

/** What is ordered, and what happens to it. */
@Injectable()
export class OrdersService {
  constructor(
    @InjectRepository(Order) private readonly orders: Repository<Order>,
    private readonly tasks: TasksService,
    @Inject(SHOP) private readonly shop: Caller,
  ) {}

  /** Writes the order and the task to ship it: both are there after the commit, or neither. */
  @Transactional()
  async place(article: string, quantity: number): Promise<{ order: Order; task: Task }> {
    const order: Order = { id: randomUUID(), article, quantity, status: 'placed', trackingCode: null };
    await this.orders.insert(order);
    const task = await this.tasks.create(this.shop, {
      type: 'ship-order',
      title: `Ship ${quantity} × ${article}`,
      parameters: { orderId: order.id },
      externalRef: order.id,
    });
    return { order, task };
  }

  /**
   * Writes that the order was shipped, and completes the task: both commit, or neither.
   * @throws LeaseLost when somebody else has the task by now, and then the order stays as it was
   */
  @Transactional()
  async shipped(id: string, trackingCode: string, context: TaskContext): Promise<void> {
    await this.orders.update({ id }, { status: 'shipped', trackingCode });
    await context.complete({ trackingCode });
  }

  /** @throws NotFound */
  async get(id: string): Promise<Order> {
    const order = await this.orders.findOneBy({ id });
    if (!order) throw new NotFound('order', id);
    return order;
  }
}
