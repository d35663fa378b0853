import { InvalidInput } from '../shared/errors/index.js';
import type { Dependency } from './task.entity.js';

/** What may be said of an edge; what is left out gets its default. */
export type DependencyTerms = Partial<Omit<Dependency, 'taskId'>>;

/** The edge with its defaults. @throws InvalidInput when the outcome is missing, or stands where it has no meaning */
export function dependency(taskId: string, terms: DependencyTerms, at: string): Dependency {
  const { kind = 'blocks', onFailure = 'hold', outcome = null } = terms;
  const field = at ? `${at}.outcome` : 'outcome';
  if (kind === 'conditional' && outcome === null) {
    throw InvalidInput.of(field, 'isDefined', `${field} must say how the other task must end`);
  }
  if (kind !== 'conditional' && outcome !== null) {
    throw InvalidInput.of(field, 'conditional', `${field} is for edges of the kind conditional only`);
  }
  return { taskId, kind, onFailure, outcome };
}
