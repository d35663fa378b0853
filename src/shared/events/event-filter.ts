import type { LoggedEvent } from './event.js';

export interface FilterOptions {
  /** Types by name, `task.created`, or by their beginning, `task.*`; an empty list is no filter. */
  types?: readonly string[] | undefined;
  /** Ids of what the events happened to; an empty list is no filter. */
  subjects?: readonly string[] | undefined;
}

/** What a filter may name as a type: a type, all types that begin so, or `*` for all. */
export const TYPE_FILTER = /^(?:[a-z][a-z_]*(?:\.[a-z][a-z_]*)*(?:\.\*)?|\*)$/;

/** Which events of a feed a reader wants. An event passes when its type is named and its subject is. */
export class EventFilter {
  /** Exact names; null when all types are wanted. */
  readonly types: readonly string[] | null;
  /** Beginnings, up to and with the dot. */
  readonly prefixes: readonly string[];
  readonly subjects: readonly string[] | null;
  private readonly wantedTypes: ReadonlySet<string>;
  private readonly wantedSubjects: ReadonlySet<string>;

  constructor({ types = [], subjects = [] }: FilterOptions = {}) {
    const wanted = types.includes('*') ? [] : types;
    const exact = wanted.filter((type) => !type.endsWith('.*'));
    this.types = wanted.length > 0 ? exact : null;
    this.prefixes = wanted.filter((type) => type.endsWith('.*')).map((type) => type.slice(0, -1));
    this.subjects = subjects.length > 0 ? subjects.map((id) => id.toLowerCase()) : null;
    this.wantedTypes = new Set(exact);
    this.wantedSubjects = new Set(this.subjects);
  }

  get isEmpty(): boolean {
    return this.types === null && this.subjects === null;
  }

  passes({ type, subjectId }: Pick<LoggedEvent, 'type' | 'subjectId'>): boolean {
    if (this.subjects && !this.wantedSubjects.has(subjectId)) return false;
    return this.types === null || this.wantedTypes.has(type) || this.prefixes.some((prefix) => type.startsWith(prefix));
  }
}
