import { ArrayMaxSize, ArrayMinSize, IsArray, IsBoolean, IsIn, IsString, Length, MaxLength } from 'class-validator';
import type { Operation as PatchOperation } from 'rfc6902';
import { InvalidInput, type JsonObject } from '../shared/errors/index.js';
import {
  IsJsonObject,
  IsWhole,
  Nested,
  NestedList,
  Omittable,
  type Page,
  PageQuery,
  QueryBoolean,
  QueryInt,
  rule,
  Whole,
  WholeByName,
} from '../shared/http/index.js';
import { ApiProperty } from '@nestjs/swagger';
import {
  type Conflict,
  type ConflictKind,
  type Resolution,
  RESOLUTIONS,
  STRATEGIES,
  type Strategy,
} from './conflict.js';
import type { Blamed } from './comparisons.service.js';
import { MAX_DOCUMENT_BYTES } from './content.js';
import { DocumentView, UpdateDocument, WrittenUnderLock } from './document.dto.js';
import type { BlamedLines } from './editing/blame.js';
import type { Edit, Place } from './editing/edits.js';
import type { Written } from './edits.service.js';

export const MAX_VERSION = 2 ** 31 - 1;
export const MAX_EDITS = 200;

/** Where a text goes: one of these. */
export class EditPlace {
  @Omittable()
  @IsIn(['start', 'end'])
  edge?: 'start' | 'end';

  /** Before this text, which must be there once. */
  @Omittable()
  @IsString()
  @Length(1, MAX_DOCUMENT_BYTES)
  before?: string;

  /** After this text, which must be there once. */
  @Omittable()
  @IsString()
  @Length(1, MAX_DOCUMENT_BYTES)
  after?: string;

  /** At the beginning of this line; the first is 1. */
  @Omittable()
  @IsWhole(1, MAX_DOCUMENT_BYTES)
  line?: number;
}

/** One of: `find` with `replace`, `insert` with `at`, `patch`, `merge`. */
export class DocumentEdit {
  /** A text that is there once, or with `all` at least once. */
  @Omittable()
  @IsString()
  @Length(1, MAX_DOCUMENT_BYTES)
  find?: string;

  @Omittable()
  @IsString()
  @MaxLength(MAX_DOCUMENT_BYTES)
  replace?: string;

  /** Every occurrence instead of the only one. */
  @Omittable()
  @IsBoolean()
  all?: boolean;

  @Omittable()
  @IsString()
  @Length(1, MAX_DOCUMENT_BYTES)
  insert?: string;

  @Omittable()
  @Nested(() => EditPlace)
  at?: EditPlace;

  /** JSON Patch, RFC 6902. */
  @Omittable()
  @IsArray()
  @ArrayMaxSize(1_000)
  @rule('isJsonPatch', isJsonPatch, '$property must be a list of JSON Patch operations (RFC 6902)')
  @ApiProperty({ type: 'array', items: { type: 'object', additionalProperties: true } })
  patch?: PatchOperation[];

  /** JSON Merge Patch, RFC 7396. */
  @Omittable()
  @IsJsonObject()
  merge?: JsonObject;
}

export class EditDocument extends WrittenUnderLock {
  /** Applied one after the other; all or none. */
  @NestedList(() => DocumentEdit)
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_EDITS)
  edits: DocumentEdit[];

  /** The version that the edits were made from; the newest when left out. */
  @Omittable()
  @IsWhole(1, MAX_VERSION)
  baseVersion?: number;

  /** What becomes of edits of an older version that do not merge; `merge` when left out. */
  @Omittable()
  @IsIn(STRATEGIES)
  strategy?: Strategy;
}

export class UpdateWithStrategy extends UpdateDocument {
  /** For a change that was made from an older version. Left out, such a change is refused. */
  @Omittable()
  @IsIn(STRATEGIES)
  strategy?: Strategy;
}

/** The edits of a request. @throws InvalidInput naming the one that is none, or several */
export function editsOf(given: readonly DocumentEdit[]): Edit[] {
  return given.map((edit, index) => {
    const field = `edits[${index}]`;
    const { find, replace, all, insert, at, patch, merge } = edit;
    const kinds = [find, insert, patch, merge].filter((one) => one !== undefined).length;
    if (kinds !== 1) throw InvalidInput.of(field, 'isEdit', `${field} must have one of find, insert, patch and merge.`);
    if (patch) return { patch };
    if (merge) return { merge };
    if (insert !== undefined) return { insert, at: placeOf(at, `${field}.at`) };
    if (find === undefined || replace === undefined) {
      throw InvalidInput.of(`${field}.replace`, 'isString', `${field}.replace must be a string.`);
    }
    return { find, replace, all };
  });
}

function placeOf(at: EditPlace = {}, field: string): Place {
  const { edge, before, after, line } = at;
  const places: Place[] = [];
  if (edge !== undefined) places.push(edge);
  if (before !== undefined) places.push({ before });
  if (after !== undefined) places.push({ after });
  if (line !== undefined) places.push({ line });
  const [place] = places;
  if (place === undefined || places.length > 1) {
    throw InvalidInput.of(field, 'isPlace', `${field} must have one of edge, before, after and line.`);
  }
  return place;
}

const PATCH_OPERATIONS = ['add', 'remove', 'replace', 'move', 'copy', 'test'];

function isJsonPatch(value: unknown): boolean {
  const isPointer = (path: unknown): boolean => typeof path === 'string' && /^(?:\/.*)?$/s.test(path);
  return (
    Array.isArray(value) &&
    value.every((one: Partial<Record<string, unknown>> | null) => {
      if (typeof one !== 'object' || one === null || !PATCH_OPERATIONS.includes(String(one.op))) return false;
      if (['move', 'copy'].includes(String(one.op)) && !isPointer(one.from)) return false;
      return isPointer(one.path) && (!['add', 'replace', 'test'].includes(String(one.op)) || one.value !== undefined);
    })
  );
}

export class ConflictView implements Conflict {
  id: string;
  documentId: string;
  @ApiProperty({ type: 'string', enum: ['lines', 'json', 'title', 'recorded'] })
  kind: ConflictKind;
  /** RFC 6901 pointer, or lines of the base such as `lines 3-5`. */
  path: string;
  base: string | null;
  /** What the document had. */
  current: string | null;
  /** What somebody wanted it to have. */
  proposed: string | null;
  @Whole({ minimum: 1 })
  baseVersion: number | null;
  @Whole({ minimum: 1 })
  currentVersion: number | null;
  @WholeByName()
  baseClock: Record<string, number>;
  @WholeByName()
  currentClock: Record<string, number>;
  @WholeByName()
  proposedClock: Record<string, number>;
  @ApiProperty({ type: 'string', enum: [...STRATEGIES, 'custom'] })
  strategy: Strategy | 'custom';
  proposedBy: string;
  createdAt: Date;
  /** Null while it is open. */
  resolution: Resolution | null;
  resolvedBy: string | null;
  resolvedAt: Date | null;
}

/** A document after a change, and what of the change did not merge. */
export class WrittenView extends DocumentView {
  conflicts: ConflictView[];

  static ofWritten({ document, conflicts }: Written): WrittenView {
    return { ...DocumentView.of(document), conflicts };
  }
}

export class ListConflicts extends PageQuery {
  /** Only those that nobody settled. */
  @QueryBoolean(false)
  open?: boolean;
}

export class ConflictPage implements Page<ConflictView> {
  items: ConflictView[];
  hasMore: boolean;
  /** The `after` of the next page. */
  nextCursor: string | null;
}

export class RecordConflict {
  /** Where, in the words of the application. */
  @IsString()
  @Length(1, 2_000)
  path: string;

  @Omittable()
  @IsString()
  @MaxLength(MAX_DOCUMENT_BYTES)
  base?: string;

  @Omittable()
  @IsString()
  @MaxLength(MAX_DOCUMENT_BYTES)
  current?: string;

  @Omittable()
  @IsString()
  @MaxLength(MAX_DOCUMENT_BYTES)
  proposed?: string;
}

export class ResolveConflict extends WrittenUnderLock {
  /** What the document has, what was proposed, or `value`. */
  @IsIn(RESOLUTIONS)
  choose: Resolution;

  /** With `custom`: the text that replaces what the document has there, or the JSON of the value at the path. */
  @Omittable()
  @IsString()
  @MaxLength(MAX_DOCUMENT_BYTES)
  value?: string;
}

export class CompareVersions {
  /** The one before `to` when left out. */
  @QueryInt(1, MAX_VERSION)
  from?: number;

  /** The newest when left out. */
  @QueryInt(1, MAX_VERSION)
  to?: number;
}

export class DiffView {
  @Whole({ minimum: 1 })
  from: number;
  @Whole({ minimum: 1 })
  to: number;
  /** In the unified format. */
  diff: string;
}

export class BlameLines {
  /** The first line, from 1. */
  @Whole({ minimum: 1 })
  from: number;
  /** The last line. */
  @Whole({ minimum: 1 })
  to: number;
  /** Of the change that last touched them. */
  @Whole()
  version: number;
  /** Null for lines that are older than the kept operations. */
  agentId: string | null;
  at: Date | null;

  static of({ from, to, by }: BlamedLines<Blamed>): BlameLines {
    return { from, to, ...by };
  }
}

export class BlameView {
  @Whole({ minimum: 1 })
  version: number;
  lines: BlameLines[];
}
