import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  type AdapterOptions,
  configureHttp,
  createFastifyAdapter,
  type HttpOptions,
} from '../../src/shared/http/index.js';
import { createLogger, NestLog } from '../../src/shared/logging/index.js';

export interface SmallApp {
  url: string;
  port: number;
  app: NestFastifyApplication;
  /** The log so far, one object a line. */
  lines: Record<string, unknown>[];
  stop(): Promise<void>;
}

/** A real server on a free port, set up as main does it, over the given controllers only. */
export async function startSmallApp(
  controllers: Type[],
  options: AdapterOptions & Partial<HttpOptions> = {},
): Promise<SmallApp> {
  @Module({ controllers })
  class SmallModule {}

  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({
    level: 'debug',
    destination: { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  const app = await NestFactory.create<NestFastifyApplication>(SmallModule, createFastifyAdapter(options), {
    logger: new NestLog(logger),
  });
  configureHttp(app, { logger, api: { title: 'Small', version: '1.2.3' }, ...options });
  await app.listen(0, '127.0.0.1');

  const { port } = app.getHttpServer().address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, app, lines, stop: () => app.close() };
}

/** Sends bytes as they are and gives back all that comes until the server closes. */
export function sendRaw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (answer += chunk));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}
