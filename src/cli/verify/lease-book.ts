import type { CallLine, LeaseOf } from './history-line.js';
import type { Rule, Violations } from './rules.js';
import type { TaskLog } from './task-log.js';
import { type Claim, told } from './task-state.js';

export interface Refusal {
  code: string;
}

type Asked = Omit<CallLine, 'kind' | 'n' | 'at'>;

/** Requests of one kind under one lease, as far as they are repeats of each other. */
interface Write {
  operation: string;
  agent: string;
  /** The key or the body that makes them repeats; undefined where each is a request of its own. */
  same: string | undefined;
  done?: true;
  /** Nobody knows whether it was done. */
  lost?: true;
  refused?: true;
  /** Refused although an earlier repeat may have been done or no later one can be. */
  refusedForGood?: true;
  refusedAfterDone?: true;
}

/** All that agents were told of one lease. */
interface Lease extends LeaseOf {
  givenTo?: { agent: string; by: string; kind: string | undefined };
  confirmedTo?: string;
  writes: Write[];
}

/** What agents were told of leases, to be held against the log when both are complete. */
export class LeaseBook {
  private readonly leases = new Map<string, Lease>();

  constructor(private readonly violations: Violations) {}

  /** A claim, or a completion that claims the next task, gave it. */
  given({ agent, id, key, claimKind, operation }: Asked, { taskId, epoch }: LeaseOf): void {
    const lease = this.lease(taskId, epoch);
    const by = key ?? `call ${id}`;
    const before = lease.givenTo;
    if (before && (before.agent !== agent || before.by !== by)) {
      this.violated('given_twice', lease, `epoch ${epoch} to agent ${before.agent} and to agent ${agent}`);
    }
    const kind = claimKind ?? (operation === 'claim' ? 'agent' : undefined);
    lease.givenTo ??= { agent, by, kind };
  }

  /** A heartbeat extended it. */
  confirmed({ agent }: Asked, { taskId, epoch }: LeaseOf): void {
    this.lease(taskId, epoch).confirmedTo = agent;
  }

  done(asked: Asked): void {
    const write = this.write(asked);
    if (write) write.done = true;
  }

  lost(asked: Asked): void {
    const write = this.write(asked);
    if (write) write.lost = true;
  }

  refused(asked: Asked, { code }: Refusal): void {
    const write = this.write(asked);
    if (!write) return;
    write.refused = true;
    if (write.same === undefined) return;
    if (write.done) write.refusedAfterDone = true;
    if (write.lost || code === 'lease_lost') write.refusedForGood = true;
  }

  holdAgainst(log: TaskLog): void {
    for (const lease of this.leases.values()) {
      const task = log.find(lease.taskId);
      const claim = task?.claims.get(lease.epoch);
      this.judgeClaim(lease, claim);
      for (const write of lease.writes) this.judgeWrite(lease, write, claim, task?.deleted === true);
    }
  }

  private judgeClaim(lease: Lease, claim: Claim | undefined): void {
    const { givenTo, confirmedTo, epoch } = lease;
    if (givenTo && claim?.agentId !== givenTo.agent) {
      this.violated('told_but_not_claimed', lease, told({ agentId: givenTo.agent, epoch }));
    } else if (confirmedTo !== undefined && claim?.agentId !== confirmedTo) {
      this.violated('told_but_not_claimed', lease, `a heartbeat of ${told({ agentId: confirmedTo, epoch })}`);
    }
    // Where the log itself calls the claim interactive, the event that took it away was the violation.
    const kept = givenTo?.kind !== undefined && givenTo.kind !== 'agent';
    if (kept && claim?.takenAt !== undefined && (claim.kind ?? 'agent') === 'agent') {
      const detail = `${told(claim)}, of kind ${givenTo.kind}: ${claim.end}`;
      this.violations.add({ rule: 'interactive_taken', taskId: lease.taskId, sequence: claim.takenAt, detail });
    }
  }

  private judgeWrite(lease: Lease, write: Write, claim: Claim | undefined, deleted: boolean): void {
    const { operation, agent, same } = write;
    const logged = claim?.agentId === agent && isLogged(operation, claim);
    const detail = `${operation} of ${told({ agentId: agent, epoch: lease.epoch })}`;
    if (write.done && !logged) this.violated('told_but_not_done', lease, detail);
    // A key's repeats are judged by the key; those of a deleted task find nothing.
    if (write.refusedAfterDone && same?.startsWith('body') && !deleted) {
      this.violated('repeat_answered_otherwise', lease, `${detail}: refused after it was done`);
    } else if (logged && this.isRefusedForGood(write) && !lease.writes.some((other) => mayHaveDone(other, write))) {
      this.violated('refused_but_done', lease, detail);
    }
  }

  private isRefusedForGood({ refused, refusedForGood, refusedAfterDone, done, lost }: Write): boolean {
    if (refusedForGood && !refusedAfterDone) return true;
    return refused === true && !done && !lost;
  }

  private write(asked: Asked): Write | undefined {
    const { operation, agent, taskId, epoch, key, bodyHash } = asked;
    if (!WRITES.has(operation) || taskId === undefined || epoch === undefined) return undefined;
    const body = operation === 'complete' && bodyHash !== undefined ? `body ${bodyHash}` : undefined;
    const same = key === undefined ? body : `key ${key}`;
    const { writes } = this.lease(taskId, epoch);
    const known = writes.find((one) => one.operation === operation && one.agent === agent && one.same === same);
    if (known) return known;
    const write: Write = { operation, agent, same };
    writes.push(write);
    return write;
  }

  private lease(taskId: string, epoch: number): Lease {
    const name = `${taskId} ${epoch}`;
    const known = this.leases.get(name);
    if (known) return known;
    const lease: Lease = { taskId, epoch, writes: [] };
    this.leases.set(name, lease);
    return lease;
  }

  private violated(rule: Rule, { taskId }: LeaseOf, detail: string): void {
    this.violations.add({ rule, taskId, detail });
  }
}

/** What the log keeps of a lease, so that an answer can be held against it. */
const WRITES: ReadonlySet<string> = new Set(['complete', 'fail', 'release', 'progress']);

function isLogged(operation: string, { end, progressed, takenAt }: Claim): boolean {
  switch (operation) {
    case 'complete':
      return end === 'task.completed';
    case 'fail':
      return (end === 'task.failed' || end === 'task.attempt_failed') && takenAt === undefined;
    case 'release':
      return end === 'task.released';
    default:
      return progressed === true;
  }
}

/** Another request than the refused one, which explains that the log has it. */
const mayHaveDone = (other: Write, refused: Write): boolean =>
  other !== refused && other.operation === refused.operation && (other.done ?? other.lost) === true;
