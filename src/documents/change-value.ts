import type { JsonObject } from '../shared/errors/index.js';
import { splicesBetween } from './editing/splices.js';

/** The value of an operation that changed a document: what turns the version before into this one. */
export interface ChangeValue extends JsonObject {
  title: string;
  splices: [number, number, string][];
}

export function changeValue(title: string, before: string, after: string): ChangeValue {
  return { title, splices: splicesBetween(before, after).map(([at, deleted, inserted]) => [at, deleted, inserted]) };
}
