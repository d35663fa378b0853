import { QueryInt, Whole } from '../shared/http/index.js';
import type { Collaboration, Contribution, DocumentIssue, DocumentStats } from './reports.repository.js';

export class DocumentStatsView implements DocumentStats {
  @Whole({ minimum: 1 })
  version: number;
  @Whole()
  bytes: number;
  /** Of the log, as far as it is kept. */
  @Whole()
  operations: number;
  @Whole()
  pendingOperations: number;
  @Whole()
  authors: number;
  @Whole()
  snapshots: number;
  @Whole()
  snapshotBytes: number;
  firstOperationAt: Date | null;
  lastOperationAt: Date | null;
}

export class Period {
  /** How many days back. */
  @QueryInt(1, 366, 30)
  days: number;
}

export class ContributionView implements Contribution {
  agentId: string;
  @Whole()
  operations: number;
  @Whole()
  documents: number;
  lastAt: Date;
}

export class CollaborationView implements Collaboration {
  @Whole()
  operations: number;
  @Whole()
  documents: number;
  /** Documents that more than one author wrote in. */
  @Whole()
  sharedDocuments: number;
  /** The busiest first, a hundred at most. */
  authors: ContributionView[];
}

export class DocumentIssueView {
  type: DocumentIssue['type'] | 'content_differs';
  severity: 'error';
  message: string;
  fix: string;
}

export class DocumentReportCounts {
  @Whole()
  operations: number;
  @Whole()
  snapshots: number;
}

export class DocumentReportView {
  checked: DocumentReportCounts;
  issues: DocumentIssueView[];
}
