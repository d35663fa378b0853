import type { LoggedEvent } from './event.js';

export interface FilterOptions {
  /** Types by name, `task.created`, or by their beginning, `task.*`; an empty list is no filter. */
  types?: readonly string[] | undefined;
  /** What the events happened to: an id, `task/<id>` as on the wire, or `task/*` for all of a kind; as with types. */
  subjects?: readonly string[] | undefined;
}

/** What a filter may name as a type: a type, all types that begin so, or `*` for all. */
export const TYPE_FILTER = /^(?:[a-z][a-z_]*(?:\.[a-z][a-z_]*)*(?:\.\*)?|\*)$/;

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

/** What a filter may name as a subject. */
export const SUBJECT_FILTER = new RegExp(`^(?:(?:[a-z][a-z_]*/)?${UUID}|[a-z][a-z_]*/\\*|\\*)$`, 'i');

/** Which events of a feed a reader wants. An event passes when its type is named and its subject is. */
export class EventFilter {
  /** Exact names; null when all types are wanted. */
  readonly types: readonly string[] | null;
  /** Beginnings, up to and with the dot. */
  readonly prefixes: readonly string[];
  /** Ids, and kinds with an id, `task/<id>`; null when all subjects are wanted. */
  readonly subjects: readonly string[] | null;
  /** Kinds of subjects, all of which are wanted. */
  readonly kinds: readonly string[];
  private readonly wantedTypes: ReadonlySet<string>;
  private readonly wantedSubjects: ReadonlySet<string>;

  constructor({ types = [], subjects = [] }: FilterOptions = {}) {
    const wanted = types.includes('*') ? [] : types;
    const exact = wanted.filter((type) => !type.endsWith('.*'));
    this.types = wanted.length > 0 ? exact : null;
    this.prefixes = wanted.filter((type) => type.endsWith('.*')).map((type) => type.slice(0, -1));
    const about = subjects.includes('*') ? [] : subjects.map((subject) => subject.toLowerCase());
    const named = about.filter((subject) => !subject.endsWith('/*'));
    this.subjects = about.length > 0 ? named : null;
    this.kinds = about.filter((subject) => subject.endsWith('/*')).map((subject) => subject.slice(0, -2));
    this.wantedTypes = new Set(exact);
    this.wantedSubjects = new Set(named);
  }

  get isEmpty(): boolean {
    return this.types === null && this.subjects === null;
  }

  passes(event: Pick<LoggedEvent, 'type' | 'subjectType' | 'subjectId'>): boolean {
    return this.isEmpty || (this.isWantedType(event.type) && this.isWantedSubject(event.subjectType, event.subjectId));
  }

  private isWantedType(type: string): boolean {
    return this.types === null || this.wantedTypes.has(type) || this.prefixes.some((prefix) => type.startsWith(prefix));
  }

  private isWantedSubject(kind: string, id: string): boolean {
    const wanted = this.wantedSubjects;
    return this.subjects === null || wanted.has(id) || wanted.has(`${kind}/${id}`) || this.kinds.includes(kind);
  }
}
