import { Injectable } from '@nestjs/common';
import type { JsonObject, JsonValue } from '../../../shared/errors/index.js';
import { Attendance } from './attendance.service.js';
import { MethodCatalogue } from './method-catalogue.js';
import type { SocketConnection } from './socket-connection.js';
import { Subscriptions } from './subscriptions.service.js';

/** What a method of the connection itself answers, and what begins once the answer was sent. */
export interface Outcome {
  result: JsonValue;
  afterwards?: () => void;
}

type OwnMethod = (connection: SocketConnection, params: JsonObject) => Outcome | Promise<Outcome>;

/** Methods that no route has, as they are about the connection. */
@Injectable()
export class OwnMethods {
  private readonly methods: ReadonlyMap<string, OwnMethod>;

  constructor(
    private readonly subscriptions: Subscriptions,
    private readonly attendance: Attendance,
    private readonly catalogue: MethodCatalogue,
  ) {
    this.methods = new Map<string, OwnMethod>([
      ['ping', () => ({ result: {} })],
      ['time', () => ({ result: { time: new Date().toISOString() } })],
      ['methods', () => ({ result: this.catalogue.document() })],
      ['agent.attach', async (connection, params) => ({ result: await this.attendance.attach(connection, params) })],
      ['agent.detach', (connection, params) => this.detach(connection, params)],
      ['subscribe', (connection, params) => this.subscribe(connection, params)],
      ['unsubscribe', (connection, { subscription }) => this.unsubscribe(connection, subscription)],
      [
        'subscriptions',
        ({ pumps }) => ({ result: { subscriptions: [...pumps.values()].map((one) => one.describe()) } }),
      ],
    ]);
  }

  find(name: string): OwnMethod | undefined {
    return this.methods.get(name);
  }

  private async subscribe(connection: SocketConnection, params: JsonObject): Promise<Outcome> {
    const pump = await this.subscriptions.subscribe(connection, params);
    const { epoch } = pump.followed;
    const result = { subscription: pump.id, ...(epoch !== undefined && { epoch }) };
    return { result, afterwards: () => void pump.run() };
  }

  private detach(connection: SocketConnection, params: JsonObject): Outcome {
    this.attendance.detach(connection, params);
    return { result: {} };
  }

  private unsubscribe(connection: SocketConnection, subscription: JsonValue | undefined): Outcome {
    this.subscriptions.unsubscribe(connection, subscription);
    return { result: { subscription: subscription ?? null } };
  }
}
