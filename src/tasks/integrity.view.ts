import { Whole } from '../shared/http/index.js';
import type { IssueType, Severity } from './integrity-checks.js';

export class IntegrityEntityView {
  kind: 'task' | 'edge' | 'concurrency_key';
  /** Of an edge: the id of the task that depends. */
  id: string;
}

export class IntegrityIssueView {
  type: IssueType;
  /** `error`: something is broken. `warning`: it may be wanted. */
  severity: Severity;
  entity: IntegrityEntityView;
  message: string;
  /** What to do about it. */
  fix: string;
}

/** How many there are of what was looked at. */
export class IntegrityCountsView {
  @Whole()
  tasks: number;
  @Whole()
  edges: number;
  @Whole()
  attempts: number;
  @Whole()
  lanes: number;
  @Whole()
  concurrencyKeys: number;
}

export class IntegrityReportView {
  checkedAt: Date;
  checked: IntegrityCountsView;
  /** A hundred of each type at most. */
  issues: IntegrityIssueView[];
  /** Whether there are more of a type than are shown. */
  truncated: boolean;
}
