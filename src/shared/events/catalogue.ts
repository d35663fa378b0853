import type { JsonObject } from '../errors/index.js';
import type { NewEvent } from './event.js';

/** The part of JSON Schema 2020-12 that the catalogue speaks. */
export interface JsonSchema {
  type?: JsonType | readonly JsonType[];
  description?: string;
  properties?: Readonly<Record<string, JsonSchema>>;
  required?: readonly string[];
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  enum?: readonly (string | number | boolean | null)[];
  format?: 'uuid' | 'date-time';
  minimum?: number;
  maximum?: number;
}
type JsonType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'null';

export interface EventDefinition {
  /** `task.created`: subject, dot, past participle. */
  type: string;
  subjectType: string;
  /** When it is written, for readers of the catalogue. */
  description: string;
  /** What `data` holds; absent: the event carries no data. */
  data?: JsonSchema;
}

type Occurrence<Data> = Omit<NewEvent, 'type' | 'subjectType' | 'data'> & { data: Data };

/** Makes events of one type, and is the type's entry in the catalogue. */
export interface EventType<Data extends JsonObject | null> extends Readonly<EventDefinition> {
  (occurrence: Occurrence<Data>): NewEvent;
}

const catalogue = new Map<string, EventDefinition>();

/**
 * Declares a type of event; stands at the top level of an aggregate's `*.events.ts`.
 *
 *     export const taskFailed = defineEvent<{ attempt: number }>({ type: 'task.failed', subjectType: 'task', … });
 *     events.append(tenantId, taskFailed({ feedId, subjectId, actorId, data: { attempt } }));
 *
 * @throws TypeError when the type is declared already or is not of the form `subject.happened`
 */
export function defineEvent<Data extends JsonObject | null = null>(definition: EventDefinition): EventType<Data> {
  const { type, subjectType } = definition;
  if (!/^[a-z][a-z_]*(\.[a-z][a-z_]*)+$/.test(type)) throw new TypeError(`${type} is not a type of event.`);
  if (catalogue.has(type)) throw new TypeError(`The event ${type} is declared twice.`);
  catalogue.set(type, definition);

  const make = (occurrence: Occurrence<Data>): NewEvent => ({ ...occurrence, type, subjectType });
  return Object.assign(make, definition);
}

/** Every declared type, sorted by name: of the modules that were loaded. */
export function eventCatalogue(): readonly EventDefinition[] {
  return [...catalogue.values()].sort((one, other) => (one.type < other.type ? -1 : 1));
}
