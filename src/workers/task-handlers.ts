import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { declarationOf, type TaskHandlerOptions, type TaskMethod } from './task-handler.js';

export interface Handler extends TaskHandlerOptions {
  type: string;
  /** Class and method. */
  name: string;
  handle: TaskMethod;
  /** Whose method it is. */
  owner: object;
}

type Provider = ReturnType<DiscoveryService['getProviders']>[number];

/** Finds the methods that carry `@TaskHandler` among the application's providers. */
@Injectable()
export class TaskHandlers {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  /** Handlers by type. @throws TypeError for none, two of one type, or one on a provider that is made anew for each request */
  find(): Map<string, Handler> {
    const handlers = new Map<string, Handler>();
    for (const handler of this.discovery.getProviders().flatMap((provider) => this.handlersOf(provider))) {
      const other = handlers.get(handler.type);
      // The same method again: a provider with an alias is listed twice.
      if (other?.owner === handler.owner && other.name === handler.name) continue;
      if (other) throw new TypeError(`${other.name} and ${handler.name} both handle tasks of type ${handler.type}.`);
      handlers.set(handler.type, handler);
    }
    if (handlers.size === 0) throw new TypeError('A worker needs a provider with a method that carries @TaskHandler.');
    return handlers;
  }

  private handlersOf(provider: Provider): Handler[] {
    const instance = provider.instance as Record<string, TaskMethod> | null | undefined;
    if (typeof instance !== 'object' || instance === null) return [];
    const prototype: unknown = Object.getPrototypeOf(instance);
    if (typeof prototype !== 'object' || prototype === null) return [];
    return this.scanner.getAllMethodNames(prototype).flatMap((method): Handler[] => {
      const declared = declarationOf(prototype, method);
      if (!declared) return [];
      const name = `${prototype.constructor.name}.${method}`;
      if (!provider.isDependencyTreeStatic()) {
        throw new TypeError(`${name} handles tasks, so its provider must not be made anew for each request.`);
      }
      const handle: TaskMethod = async (task, context) => instance[method]?.(task, context);
      return [{ ...declared, name, handle, owner: instance }];
    });
  }
}
