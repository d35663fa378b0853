import { Injectable } from '@nestjs/common';
import { type Caller, grants } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import { InvalidInput, NotFound } from '../shared/errors/index.js';
import { EventLog } from '../shared/events/index.js';
import { WorkspaceAccess } from './workspace-access.js';
import type {
  CollaborationQuery,
  CollaborationView,
  DayView,
  WorkspaceIntegrityView,
  WorkspaceStatsView,
} from './workspace-report.dto.js';
import { type WorkspaceNumbers, WorkspaceReportsRepository } from './workspace-reports.repository.js';
import { WorkspacesRepository } from './workspaces.repository.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const MAX_DAYS = 31;
/** Events that are counted by their actors in one report. */
const MAX_EVENTS = 200_000;
const SHOWN = 100;

interface Days {
  /** Numbers of the first event, and of the first one after the period. */
  first: number;
  end: number;
  days: DayView[];
}

/** What a workspace consists of, who works in it, and whether what is stored of it agrees with itself. */
@Injectable()
export class WorkspaceReportsService {
  constructor(
    private readonly workspaces: WorkspacesRepository,
    private readonly reports: WorkspaceReportsRepository,
    private readonly access: WorkspaceAccess,
    private readonly events: EventLog,
  ) {}

  /** @throws NotFound */
  async stats(caller: Caller, workspaceId: string): Promise<WorkspaceStatsView> {
    await this.access.assertMayIn(caller, workspaceId, 'read');
    const { tenantId } = caller;
    const numbers = await this.reports.numbers(tenantId, workspaceId);
    const end = await this.events.firstSince(tenantId, workspaceId, new Date('9999-12-31T00:00:00Z'));
    const dayAgo = await this.events.firstSince(tenantId, workspaceId, new Date(numbers.now.getTime() - DAY_MS));
    return {
      members: membersOf(numbers),
      activity: { total: numbers.activities, lastDay: numbers.activitiesOfLastDay },
      events: { total: end - 1, lastDay: end - dayAgo },
      state: { version: numbers.stateVersion, bytes: numbers.stateBytes, updatedAt: numbers.stateUpdatedAt },
      isLocked: numbers.isLocked,
    };
  }

  /**
   * Who did how much in a period, by the events of the feed.
   * @throws NotFound, InvalidInput when the period is none, too long or holds too much
   */
  async collaboration(caller: Caller, workspaceId: string, query: CollaborationQuery): Promise<CollaborationView> {
    const { from, to } = periodOf(query);
    await this.access.assertMayIn(caller, workspaceId, 'read');
    const { tenantId } = caller;
    const { first, end, days } = await this.days(tenantId, workspaceId, from, to);
    const events = end - first;
    if (events > MAX_EVENTS) {
      const rule = `The period holds ${events} events; it may hold ${MAX_EVENTS}, so ask for a shorter one.`;
      throw InvalidInput.of('from', 'maxEvents', rule);
    }
    const tallies = await this.events.tallies(tenantId, workspaceId, { from, to, first, end });
    const actors = tallies.map(({ actorId }) => actorId);
    const members = await this.reports.membersAmong(tenantId, workspaceId, actors);
    return {
      from,
      to,
      events,
      activeMembers: members.size,
      handOvers: tallies.reduce((sum, tally) => sum + tally.handOvers, 0),
      days,
      contributions: tallies.slice(0, SHOWN).map((tally) => ({ ...tally, isMember: members.has(tally.actorId) })),
    };
  }

  /** As of one moment; it changes nothing. @throws NotFound, NotPermitted */
  @Transactional({ readOnly: true, readYourWrites: true, isolation: 'REPEATABLE READ', timeoutMs: 60_000 })
  async integrity(caller: Caller, workspaceId: string): Promise<WorkspaceIntegrityView> {
    const { tenantId } = caller;
    const workspace = await this.workspaces.find(tenantId, workspaceId);
    if (workspace) await this.access.assertPermitted(caller, workspace, 'manage');
    else if (!grants(caller.scopes, 'admin')) throw new NotFound('workspace', workspaceId);
    const { now: checkedAt, ...checked } = await this.reports.checked(tenantId, workspaceId);
    const found = await this.reports.issues(tenantId, workspaceId);
    // Of one that is deleted, or never was, there may be something left.
    if (!workspace && found.length === 0) throw new NotFound('workspace', workspaceId);
    const issues = found.map(({ check: { type, severity, kind, fix }, id, message }) => ({
      type,
      severity,
      entity: { kind, id },
      message: `The ${kind} ${id}: ${message}.`,
      fix,
    }));
    return { checkedAt, checked, issues };
  }

  /** Numbers of events have no gaps, so how many there were on a day follows from the first ones of two days. */
  private async days(tenantId: string, workspaceId: string, from: Date, to: Date): Promise<Days> {
    const firstSince = (time: Date): Promise<number> => this.events.firstSince(tenantId, workspaceId, time);
    const first = await firstSince(from);
    const days: DayView[] = [];
    let end = first;
    for (let begin = from; begin < to;) {
      const midnight = new Date((Math.floor(begin.getTime() / DAY_MS) + 1) * DAY_MS);
      const until = midnight < to ? midnight : to;
      const next = await firstSince(until);
      days.push({ day: begin.toISOString().slice(0, 10), events: next - end });
      [begin, end] = [until, next];
    }
    return { first, end, days };
  }
}

function periodOf({ to = new Date(), from = new Date(to.getTime() - 7 * DAY_MS) }: CollaborationQuery): {
  from: Date;
  to: Date;
} {
  if (from >= to) throw InvalidInput.of('from', 'isBefore', 'from must be before to.');
  if (to.getTime() - from.getTime() > MAX_DAYS * DAY_MS) {
    throw InvalidInput.of('from', 'maxDays', `from must be at most ${MAX_DAYS} days before to.`);
  }
  return { from, to };
}

function membersOf({ members }: WorkspaceNumbers): WorkspaceStatsView['members'] {
  const by = (key: 'role' | 'kind' | 'presence'): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const group of members) counts[group[key]] = (counts[group[key]] ?? 0) + group.count;
    return counts;
  };
  const total = members.reduce((sum, { count }) => sum + count, 0);
  return { total, byRole: by('role'), byKind: by('kind'), byPresence: by('presence') };
}
