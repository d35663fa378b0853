import { InvalidInput } from '../shared/errors/index.js';
import { type Dependency, isBlocking } from './task.entity.js';

/** What may be said of an edge; what is left out gets its default. */
export type DependencyTerms = Partial<Omit<Dependency, 'taskId'>>;

/** The edge with its defaults. @throws InvalidInput for an outcome that is missing, or terms that have no meaning for the kind */
export function dependency(taskId: string, terms: DependencyTerms, at: string): Dependency {
  const { kind = 'blocks', onFailure = 'hold', outcome = null } = terms;
  const field = at ? `${at}.outcome` : 'outcome';
  if (!isBlocking(kind) && onFailure !== 'hold') {
    const policy = at ? `${at}.onFailure` : 'onFailure';
    throw InvalidInput.of(policy, 'blocking', `${policy} is for edges that block; one of the kind ${kind} never does`);
  }
  if (kind === 'conditional' && outcome === null) {
    throw InvalidInput.of(field, 'isDefined', `${field} must say how the other task must end`);
  }
  if (kind !== 'conditional' && outcome !== null) {
    throw InvalidInput.of(field, 'conditional', `${field} is for edges of the kind conditional only`);
  }
  return { taskId, kind, onFailure, outcome };
}
