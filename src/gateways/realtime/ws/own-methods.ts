import { Injectable } from '@nestjs/common';
import type { JsonObject, JsonValue } from '../../../shared/errors/index.js';
import { Attendance } from './attendance.service.js';
import { MethodCatalogue } from './method-catalogue.js';
import type { SocketConnection } from './socket-connection.js';
import { Subscriptions } from './subscriptions.service.js';

/** What a method of the connection itself answers, as JSON text, and what begins once the answer was sent. */
export interface Outcome {
  result: string;
  afterwards?: () => void;
}

const answer = (value: JsonValue): Outcome => ({ result: JSON.stringify(value) });

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
      ['ping', () => answer({})],
      ['time', () => answer({ time: new Date().toISOString() })],
      ['methods', (connection) => this.describe(connection)],
      ['agent.attach', async (connection, params) => answer(await this.attendance.attach(connection, params))],
      ['agent.detach', (connection, params) => this.detach(connection, params)],
      ['subscribe', (connection, params) => this.subscribe(connection, params)],
      ['unsubscribe', (connection, { subscription }) => this.unsubscribe(connection, subscription)],
      ['subscriptions', ({ pumps }) => answer({ subscriptions: [...pumps.values()].map((one) => one.describe()) })],
    ]);
  }

  find(name: string): OwnMethod | undefined {
    return this.methods.get(name);
  }

  private async describe(connection: SocketConnection): Promise<Outcome> {
    using _turn = await connection.turnToRead();
    return { result: this.catalogue.text() };
  }

  private async subscribe(connection: SocketConnection, params: JsonObject): Promise<Outcome> {
    const pump = await this.subscriptions.subscribe(connection, params);
    const { epoch } = pump.followed;
    const said = answer({ subscription: pump.id, ...(epoch !== undefined && { epoch }) });
    return { ...said, afterwards: () => void pump.run() };
  }

  private detach(connection: SocketConnection, params: JsonObject): Outcome {
    this.attendance.detach(connection, params);
    return answer({});
  }

  private unsubscribe(connection: SocketConnection, subscription: JsonValue | undefined): Outcome {
    this.subscriptions.unsubscribe(connection, subscription);
    return answer({ subscription: subscription ?? null });
  }
}
