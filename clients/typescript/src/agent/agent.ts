import type { MusterClient } from '../client.js';
import { InvalidOption } from '../errors.js';
import type { ClaimKind, Params } from '../methods.js';
import { NoOutbox, type Outbox } from '../outbox/outbox.js';
import { AgentRun } from './agent-run.js';
import { untilDecided } from './persistence.js';
import { Report, type AgentReports } from './reports.js';
import type { TaskHandler } from './task-handler.js';

type Registration = Params<'agent.register'>;

export type AgentOptions = AgentReports & {
  /**
   * A folder for what must outlast this process: answers that are not acknowledged yet, and claims. Each agent that
   * runs needs its own. Without one a killed process loses what it had worked out.
   */
  outbox?: string;
} & (({ id: string } & { [Field in keyof Registration]?: never }) | ({ id?: never } & Registration));

export interface RunOptions {
  /** How many tasks are worked on at once, 1 to 500; 1 unless given. */
  concurrency?: number;
  /** Only tasks of these types; any unless given. */
  types?: string[];
  /** Only tasks of these workspaces; any unless given. */
  workspaceIds?: string[];
  /** How long a lease lasts without a heartbeat; 60 unless given. */
  leaseSeconds?: number;
  /** `agent` unless given. Leases of the other kinds are not taken away, so they need an outbox to be found again. */
  claimKind?: ClaimKind;
  /** How long one claim waits for work, up to 30; 20 unless given. */
  waitSeconds?: number;
  /** Whether a completion claims the next task in the same call; true unless given. */
  claimNext?: boolean;
  /** What handlers get to finish when the run is stopped; 10 s unless given. With Infinity a claim that waits is not hung up either. */
  graceMs?: number;
  /** Stops the run: nothing more is claimed, handlers finish, the rest is given back. */
  signal?: AbortSignal;
}

const MAX_LEASE_SECONDS = 86_400;

/** An agent that works on tasks. */
export class Agent {
  private readonly report: Report;

  constructor(
    private readonly client: MusterClient,
    private readonly options: AgentOptions,
  ) {
    this.report = new Report(options);
  }

  /** The agent's id; one that is named is registered, and a name that is known gives the same agent. */
  async register(signal?: AbortSignal): Promise<string> {
    const { options } = this;
    if (options.id !== undefined) return options.id;
    const { id: _, outbox: __, onAbandoned: ___, onTrouble: ____, ...registration } = options;
    return (await this.client.call('agent.register', registration, signal && { signal })).id;
  }

  /**
   * Claims tasks and has the handler work on them, until `signal` fires: heartbeats while it works, completes with what
   * it resolves to, fails with what it throws. What an earlier process left in the outbox comes first.
   * @throws InvalidOption, OutboxInUse; MusterError when the key or the claim is refused
   */
  async run(handler: TaskHandler, options: RunOptions = {}): Promise<void> {
    const { signal, concurrency = 1, waitSeconds = 20, claimNext = true, graceMs = 10_000 } = options;
    const { leaseSeconds = 60, claimKind = 'agent', types, workspaceIds } = options;
    whole('concurrency', concurrency, 1, 500);
    whole('waitSeconds', waitSeconds, 0, 30);
    whole('leaseSeconds', leaseSeconds, 1, MAX_LEASE_SECONDS);
    if (claimKind !== 'agent' && this.options.outbox === undefined) {
      throw new InvalidOption(
        'claimKind',
        'agent where there is no outbox, as the lease of another kind would be lost',
      );
    }
    const outbox = await this.openOutbox();
    try {
      const agentId = await this.registered(signal);
      if (agentId === undefined) return;
      const terms = {
        agentId,
        leaseSeconds,
        claimKind,
        ...(types && { types }),
        ...(workspaceIds && { workspaceIds }),
      };
      const { client, report } = this;
      const parts = { client, outbox, report, handler, terms, concurrency, waitSeconds, claimNext, graceMs };
      await new AgentRun(parts).run(signal);
    } finally {
      await outbox.close();
    }
  }

  /** However long the server is away. Undefined when the run was stopped meanwhile. */
  private async registered(signal: AbortSignal | undefined): Promise<string | undefined> {
    try {
      return await untilDecided(() => this.register(signal), this.report, signal);
    } catch (error) {
      if (signal?.aborted) return undefined;
      throw error;
    }
  }

  /** Loaded only where it is asked for, as browsers have no files. */
  private async openOutbox(): Promise<Outbox> {
    const { outbox: folder } = this.options;
    if (folder === undefined) return new NoOutbox();
    const { FileOutbox } = await import('../outbox/file-outbox.js');
    return FileOutbox.open(folder, (file) =>
      this.report.trouble('A file of the outbox is damaged and was put aside.', file),
    );
  }
}

function whole(field: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new InvalidOption(field, `a whole number from ${least} to ${most}`);
  }
}
