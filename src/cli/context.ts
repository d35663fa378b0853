import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { loadClientConfig } from '../config.js';
import { readCredentials } from '../credentials.js';
import { NotFound } from '../shared/errors/index.js';
import type { Page } from '../shared/http/index.js';
import { Client } from './client.js';
import type { ExitCode } from './exit-codes.js';
import { UsageError } from './failures.js';
import { Output } from './output.js';
import type { WireAgent } from './wire.js';

export interface GlobalOptions {
  json?: boolean;
  url?: string[];
  key?: string;
}

const DEFAULT_URL = 'http://127.0.0.1:8080';
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** What every command works with. */
export class Context {
  readonly output: Output;

  constructor(private readonly options: GlobalOptions) {
    this.output = new Output(options.json === true);
  }

  /** A client of the first server that was named. */
  client(patienceMs?: number): Client {
    const [client] = this.clients(patienceMs);
    if (!client) throw new UsageError('No server is named.');
    return client;
  }

  /** One client for each server: those of --url, else of MUSTER_URL, else the one this machine last started. */
  clients(patienceMs?: number): Client[] {
    const config = loadClientConfig();
    const kept = readCredentials(config.home);
    const named = this.options.url ?? config.urls;
    const urls = named.length > 0 ? named : [kept?.url ?? DEFAULT_URL];
    return urls.map((url) => {
      const key = this.options.key ?? config.key ?? (mayHaveKeptKey(url, kept?.url) ? kept?.adminKey : undefined);
      if (!key) {
        throw new UsageError(
          `There is no key for ${url}: give --key or MUSTER_KEY. The one in ${config.home}/credentials.json is sent to the server it is of, or to this machine, only.`,
        );
      }
      return new Client({ url, key, ...(patienceMs !== undefined && { patienceMs }) });
    });
  }

  /** A workspace's id, given by its id or its name. */
  async workspaceId(client: Client, idOrName: string): Promise<string> {
    return UUID.test(idOrName) ? idOrName : this.idOf(client, 'workspace', '/v1/workspaces', idOrName);
  }

  /** An agent's id, given by its id or its name. */
  async agentId(client: Client, idOrName: string): Promise<string> {
    return UUID.test(idOrName) ? idOrName : this.idOf(client, 'agent', '/v1/agents', idOrName);
  }

  private async idOf(client: Client, what: string, path: string, name: string): Promise<string> {
    const page = await client.get<Page<Pick<WireAgent, 'id'>>>(path, { name, limit: 1 });
    const [found] = page.items;
    if (!found) throw new NotFound(what, name);
    return found.id;
  }
}

/** The local admin key must not travel to whatever address somebody pastes behind --url. */
function mayHaveKeptKey(url: string, keptUrl: string | undefined): boolean {
  const { hostname, origin } = new URL(url);
  const loopback = hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname);
  return loopback || (keptUrl !== undefined && origin === new URL(keptUrl).origin);
}

/** The action of a command: gets the context before its arguments and options, and may answer an exit code. */
export function action<Given extends unknown[]>(
  work: (context: Context, ...given: Given) => Promise<ExitCode | void>,
): (...given: [...Given, Command]) => Promise<void> {
  return async (...given) => {
    const command = given.at(-1) as Command;
    const code = await work(new Context(command.optsWithGlobals()), ...(given.slice(0, -1) as Given));
    if (code !== undefined) process.exitCode = code;
  };
}

/** A change that is asked for once and may be sent twice. */
export const once = (key: string = randomUUID()) => ({ repeatable: true, headers: { 'idempotency-key': key } });
