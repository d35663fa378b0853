import { IsRfc3339, Omittable, Whole, WholeByName } from '../shared/http/index.js';
import type { WorkspaceIssueType } from './workspace-integrity.js';

export class MemberNumbersView {
  @Whole()
  total: number;
  @WholeByName()
  byRole: Record<string, number>;
  @WholeByName()
  byKind: Record<string, number>;
  @WholeByName()
  byPresence: Record<string, number>;
}

export class RecentNumbersView {
  @Whole()
  total: number;
  /** Of the last 24 hours. */
  @Whole()
  lastDay: number;
}

export class StateNumbersView {
  /** 0 when it was never written. */
  @Whole()
  version: number;
  /** Of its JSON text. */
  @Whole()
  bytes: number;
  updatedAt: Date | null;
}

export class WorkspaceStatsView {
  members: MemberNumbersView;
  /** As far as it is kept. */
  activity: RecentNumbersView;
  /** Of the feed, since the workspace was made. */
  events: RecentNumbersView;
  state: StateNumbersView;
  isLocked: boolean;
}

export class CollaborationQuery {
  /** A week before `to` unless given; at most 31 days before it. */
  @Omittable()
  @IsRfc3339()
  from?: Date;

  /** Now unless given. */
  @Omittable()
  @IsRfc3339()
  to?: Date;
}

export class DayView {
  /** Of UTC, such as 2026-01-31. */
  day: string;
  @Whole()
  events: number;
}

export class ContributionView {
  /** An agent's id, a key's id or an OIDC subject. */
  actorId: string;
  isMember: boolean;
  @Whole()
  events: number;
  /** How often it went on with what another had done last. */
  @Whole()
  handOvers: number;
}

export class CollaborationView {
  from: Date;
  to: Date;
  @Whole()
  events: number;
  /** Members by whom there is an event. */
  @Whole()
  activeMembers: number;
  @Whole()
  handOvers: number;
  days: DayView[];
  /** The hundred with the most events. */
  contributions: ContributionView[];
}

export class WorkspaceIssueView {
  type: WorkspaceIssueType;
  severity: 'error' | 'warning';
  entity: WorkspaceIssueEntityView;
  message: string;
  /** What to do about it. */
  fix: string;
}

export class WorkspaceIssueEntityView {
  kind: 'workspace' | 'member' | 'state' | 'activity';
  id: string;
}

/** How many there are of what was looked at. */
export class WorkspaceCheckedView {
  @Whole()
  members: number;
  @Whole()
  stateVersions: number;
  @Whole()
  activities: number;
}

export class WorkspaceIntegrityView {
  checkedAt: Date;
  checked: WorkspaceCheckedView;
  /** A hundred of each type at most. */
  issues: WorkspaceIssueView[];
}
