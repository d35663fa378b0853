// One server in a process of its own, so that the client's work is not on its event loop. Ends when its parent does.
import 'reflect-metadata';
import { Body, Controller, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import muster from '../dist/src/index.js';
import { PARAMETERS, TYPE } from './task.mjs';

const started = await {
  /** The service as it is. */
  muster: startMuster,
  /** The service whose route for tasks answers a constant instead of asking the database. */
  'muster-constant': async () => {
    const server = await startMuster();
    const { tenantId } = server.first;
    const tasks = server.app.get(muster.TasksService);
    const task = await tasks.create({ tenantId, actorId: 'bench', scopes: ['admin'] }, constant());
    tasks.create = async () => task;
    return server;
  },
  /** Nest on Fastify and nothing else. */
  'nest-constant': startNest,
}[process.argv[2]]();

process.once('disconnect', () => started.stop().then(() => process.exit(0)));
process.send({ url: started.url, tenantId: started.first?.tenantId });

function constant() {
  return { type: TYPE, title: 'A task', parameters: PARAMETERS };
}

function startMuster() {
  return muster.Server.start(muster.loadConfig(process.env));
}

async function startNest() {
  // As long as the answer of the service.
  const answer = { ...constant(), rest: 'x'.repeat(700) };
  class Tasks {
    create(body) {
      return body && answer;
    }
  }
  Body()(Tasks.prototype, 'create', 0);
  Post()(Tasks.prototype, 'create', Object.getOwnPropertyDescriptor(Tasks.prototype, 'create'));
  Controller('v1/tasks')(Tasks);
  class App {}
  Module({ controllers: [Tasks] })(App);
  const app = await NestFactory.create(App, new FastifyAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  return { url: await app.getUrl(), stop: () => app.close() };
}
