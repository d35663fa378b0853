import { DomainError } from '../../shared/errors/index.js';
import type { MergeConflict } from '../editing/merge.js';
import type { SuggestionEntry } from './suggestion.js';

/** A suggestion is accepted, rejected or superseded once. */
export class SuggestionDecided extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'suggestion_decided';

  constructor({ id, status, decidedBy }: SuggestionEntry) {
    super(`The suggestion ${id} was ${status} by ${decidedBy}.`, { suggestionId: id, status, decidedBy });
  }
}

/** A suggestion is superseded by its author. */
export class SuggestionOfAnother extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'suggestion_of_another';

  constructor({ id, authorId }: SuggestionEntry) {
    super(`The suggestion ${id} is of ${authorId}, who alone may supersede it.`, { field: 'supersedes', authorId });
  }
}

const SHOWN = 5;
const SHOWN_CHARACTERS = 500;

/** The document changed where the suggestion would change it. */
export class SuggestionConflicts extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'suggestion_conflicts';

  constructor({ id, baseVersion }: SuggestionEntry, conflicts: readonly MergeConflict[]) {
    const places = conflicts.map(({ path }) => path).slice(0, SHOWN);
    const more = conflicts.length > SHOWN ? ` and ${conflicts.length - SHOWN} more` : '';
    super(
      `Since version ${baseVersion} the document changed where the suggestion would: ${places.join(', ')}${more}.`,
      {
        suggestionId: id,
        conflicts: conflicts.slice(0, SHOWN).map(({ path, base, ours, theirs }) => ({
          path,
          base: shown(base),
          current: shown(ours),
          proposed: shown(theirs),
        })),
      },
    );
  }
}

const shown = (text: string | null): string | null => text?.slice(0, SHOWN_CHARACTERS).toWellFormed() ?? null;
