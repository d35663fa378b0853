import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsIn, IsString, MaxLength } from 'class-validator';
import type { StateOperation } from '../shared/crdt/index.js';
import type { JsonObject, JsonValue } from '../shared/errors/index.js';
import {
  AnyJson,
  IsJsonObject,
  IsJsonValue,
  IsWhole,
  NestedList,
  Omittable,
  rule,
  Whole,
  WholeByName,
} from '../shared/http/index.js';
import type { ChangeRequest } from './shared-state-request.js';
import { MAX_OPERATIONS } from './shared-state.service.js';

const TYPES = ['set', 'increment', 'decrement', 'add', 'remove', 'delete'] as const;

/** A change that the server makes, or an operation of a replica: with `id` as an object, `time` and `replaces`. */
export class SharedStateOperation {
  @IsIn(TYPES)
  type: (typeof TYPES)[number];
  /** A JSON Pointer, `/limits/a~1b`, or its keys. */
  @rule('isPath', (value) => typeof value === 'string' || Array.isArray(value), '$property must be a path')
  @ApiProperty({ oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] })
  path: string | string[];
  /** Of `set`: any JSON value. */
  @Omittable()
  @IsJsonValue()
  value?: JsonValue;
  /** Of `increment` and `decrement`; 1 when left out. */
  @Omittable()
  @IsWhole(1, Number.MAX_SAFE_INTEGER)
  by?: number;
  /** Of `add` and `remove`: a string, a number, a boolean or null. */
  @Omittable()
  @IsJsonValue()
  element?: JsonValue;
  /** Of a change: text by which a repeat is known. Of a replica's operation: `{replica, counter}`. */
  @Omittable()
  @rule('isOperationId', isOperationId, '$property must be a string, or {replica, counter}')
  @ApiProperty({
    oneOf: [
      { type: 'string', maxLength: 128 },
      { type: 'object', properties: { replica: { type: 'string' }, counter: { type: 'integer' } } },
    ],
  })
  id?: string | { replica: string; counter: number };
  /** Of a replica's operation: its timestamp. */
  @Omittable()
  @IsString()
  time?: string;
  /** Of a replica's operation: what it takes away, as ranges by replica. */
  @Omittable()
  @IsJsonObject()
  replaces?: JsonObject;
  /** Of a replica's increment or decrement: its total, and since which of its operations. */
  @Omittable()
  @IsJsonObject()
  count?: JsonObject;
}

export class ChangeSharedState {
  @NestedList(() => SharedStateOperation)
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_OPERATIONS)
  // What belongs together is looked at by the service.
  operations: (SharedStateOperation & (ChangeRequest | StateOperation))[];
}

export class MergeSharedState {
  /** The replica that sends it. */
  @IsString()
  @MaxLength(128)
  replica: string;
  /** A state or a delta, as `SharedState.toJSON` gives it. */
  @IsJsonObject()
  state: JsonObject;
}

export class ReadDelta {
  /** The replica's clock as JSON, `{"ada":3}`; everything is sent when it is left out. */
  @Omittable()
  @rule('isClock', isRecord, '$property must be a clock as JSON, such as {"ada":3}', { convert: parsed })
  @ApiProperty({ type: 'string' })
  since?: object;
}

export class SharedStatePlaceView {
  /** How many operations of each replica are known without a gap. */
  @WholeByName()
  clock: Record<string, number>;
  /** Rises with every change. */
  @Whole()
  sequence: number;
}

export class SharedStateView extends SharedStatePlaceView {
  /** Counters as numbers, sets as arrays. */
  @IsJsonObject()
  value: JsonObject;
  updatedBy: string | null;
  updatedAt: Date | null;
}

export class OperationResultView {
  /** A JSON Pointer. */
  path: string;
  /** False where the operation was known already. */
  applied: boolean;
  /** What stands at the path after all operations of the call; left out where nothing does. */
  @AnyJson()
  value?: JsonValue | undefined;
}

export class SharedStateChanges extends SharedStatePlaceView {
  /** In the order of the operations. */
  results: OperationResultView[];
}

export class SharedStateDelta extends SharedStatePlaceView {
  /** To be merged by the replica. */
  @IsJsonObject()
  delta: JsonObject;
}

function isOperationId(value: unknown): boolean {
  return typeof value === 'string' || (isRecord(value) && Object.keys(value).sort().join() === 'counter,replica');
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(raw: unknown): unknown {
  if (typeof raw !== 'string') return raw;
  try {
    return JSON.parse(raw) as unknown;
  } catch {
    return raw;
  }
}
