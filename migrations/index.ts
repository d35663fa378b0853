import type { Migration } from '../src/shared/database/index.js';
import { Tenancy1763900000000 } from './1763900000000-tenancy.js';
import { Events1763900100000 } from './1763900100000-events.js';
import { WorkspacesAndAgents1763900200000 } from './1763900200000-workspaces-and-agents.js';
import { Tasks1763900300000 } from './1763900300000-tasks.js';
import { TaskIndexes1763900400000 } from './1763900400000-task-indexes.js';
import { TaskCore1763900500000 } from './1763900500000-task-core.js';
import { EventSubscribers1763900600000 } from './1763900600000-event-subscribers.js';
import { Webhooks1763900700000 } from './1763900700000-webhooks.js';
import { Attendance1763900800000 } from './1763900800000-attendance.js';
import { WorkspaceMembers1763901000000 } from './1763901000000-workspace-members.js';
import { WorkspaceState1763903000000 } from './1763903000000-workspace-state.js';
import { Documents1763904000000 } from './1763904000000-documents.js';
import { DocumentLog1763904500000 } from './1763904500000-document-log.js';
import { WorkspacePlaces1763905000000 } from './1763905000000-workspace-places.js';
import { SharedState1763906000000 } from './1763906000000-shared-state.js';
import { DocumentConflicts1763907000000 } from './1763907000000-document-conflicts.js';
import { DocumentSuggestions1763907500000 } from './1763907500000-document-suggestions.js';
import { LiveDocuments1763908000000 } from './1763908000000-live-documents.js';
import { DocumentLocks1763909000000 } from './1763909000000-document-locks.js';
import { DocumentWrite1763909500000 } from './1763909500000-document-write.js';

/** Every migration, oldest first. */
export const MIGRATIONS: readonly Migration[] = [
  Tenancy1763900000000,
  Events1763900100000,
  WorkspacesAndAgents1763900200000,
  Tasks1763900300000,
  TaskIndexes1763900400000,
  TaskCore1763900500000,
  EventSubscribers1763900600000,
  Webhooks1763900700000,
  Attendance1763900800000,
  WorkspaceMembers1763901000000,
  WorkspaceState1763903000000,
  Documents1763904000000,
  DocumentLog1763904500000,
  WorkspacePlaces1763905000000,
  SharedState1763906000000,
  DocumentConflicts1763907000000,
  DocumentSuggestions1763907500000,
  LiveDocuments1763908000000,
  DocumentLocks1763909000000,
  DocumentWrite1763909500000,
];
