import { IsJsonObject, IsWhole, type Page, QueryInt, Whole } from '../shared/http/index.js';
import type { JsonObject } from '../shared/errors/index.js';
import type { StateEntry, WorkspaceState } from './state.repository.js';

/** Whole numbers of PostgreSQL's int. */
const MAX_VERSION = 2 ** 31 - 1;

export class ReadState {
  /** One of the last hundred versions; the newest when left out. */
  @QueryInt(1, MAX_VERSION)
  version?: number;
}

export class UpdateState {
  /** The whole new state. */
  @IsJsonObject()
  state: JsonObject;
}

export class RestoreState {
  /** The version whose content is to be there again; it becomes that of a new version. */
  @IsWhole(1, MAX_VERSION)
  version: number;
}

export class StateEntryView {
  /** Rises by one with every change. */
  @Whole({ minimum: 1 })
  version: number;
  /** Of the state's JSON text. */
  @Whole()
  bytes: number;
  updatedBy: string;
  updatedAt: Date;

  static of({ version, bytes, updatedBy, updatedAt }: StateEntry): StateEntryView {
    return { version, bytes, updatedBy, updatedAt };
  }
}

/** The state of a workspace; before it was written first, an empty one of version 0. */
export class StateView {
  @IsJsonObject()
  state: JsonObject;
  /** Rises by one with every change; the ETag. */
  @Whole()
  version: number;
  updatedBy: string | null;
  updatedAt: Date | null;

  static of(found: WorkspaceState | undefined): StateView {
    const { state = {}, version = 0, updatedBy = null, updatedAt = null } = found ?? {};
    return { state, version, updatedBy, updatedAt };
  }
}

export class StateHistoryPage implements Page<StateEntryView> {
  items: StateEntryView[];
  hasMore: boolean;
  /** The `after` of the next page. */
  nextCursor: string | null;
}
