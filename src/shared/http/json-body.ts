import { isUtf8 } from 'node:buffer';
import { parse as parseLossless } from 'lossless-json';
import { assertStorable, DomainError, InvalidInput, type JsonValue, placeOf, Unkept } from '../errors/index.js';
import { scanJson, survives } from './json-scan.js';

export class MalformedJson extends DomainError {
  readonly kind = 'invalid';
  readonly code = 'malformed_json';
}

export class TooManyItems extends DomainError {
  readonly kind = 'too_large';
  readonly code = 'too_many_items';

  constructor(field: string, max: number) {
    super(`A request may bring at most ${max} ${field}.`, { field, max });
  }
}

/** Most values and keys of one body together: fifty thousand tasks with twenty members each. */
const MAX_VALUES = 2_000_000;
/** So much of one body, in characters, is read a second time to tell which field is refused. */
const MAX_EXPLAINED = 1024 * 1024;

/** What is left for one body, which may be many texts. */
interface Budget {
  values: number;
  explained: number;
}

const newBudget = (): Budget => ({ values: MAX_VALUES, explained: MAX_EXPLAINED });

/**
 * Parses a JSON text into a value that means exactly what the text said and that PostgreSQL can keep. Refused with
 * the path of the field: what `assertStorable` refuses, numbers that a double does not keep (1e400,
 * 12345678901234567890; decimals pass when they read back the same), and a key given twice with different values. In
 * texts above 1 MiB the latter two are refused without the path, and a key given twice with the same value too.
 *
 * Linear in the text, and bounded by its values too. 30 MiB made to be slow took 0.1 to 1.2 s on one busy core; the
 * slowest are 250,000 keys of one object, and 250,000 numbers of twenty digits.
 *
 * @throws MalformedJson, InvalidInput, TooManyItems
 */
export function parseJson(bytes: Buffer | string, path = '', budget = newBudget()): JsonValue {
  const text = textOf(bytes);
  const { values, members, inexact } = scanJson(text, budget.values);
  budget.values -= values;
  if (budget.values < 0) throw new TooManyItems('values and keys', MAX_VALUES);
  const value = parse(text);
  assertStorable(value, path);
  // `JSON.parse` keeps the last of two equal keys and says nothing.
  if (inexact || members !== membersOf(value)) refuseWhatIsLost(text, path, { inexact, budget });
  return value;
}

/**
 * Parses newline-delimited JSON: one object a line, empty lines are skipped. Refusals name the item as `field[index]`
 * and the line, counted from 1.
 *
 * @throws MalformedJson, InvalidInput, TooManyItems
 */
export function parseNdjson(bytes: Buffer, field: string, maxItems: number): JsonValue[] {
  const text = textOf(bytes);
  const items: JsonValue[] = [];
  const budget = newBudget();
  for (let start = 0, line = 1; start < text.length; line++) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const content = text.slice(start, end);
    start = end + 1;
    if (content.trim() === '') continue;
    if (items.length === maxItems) throw new TooManyItems(field, maxItems);
    items.push(parseLine(content, placeOf(field, items.length), { line, budget }));
  }
  return items;
}

function parseLine(text: string, path: string, { line, budget }: { line: number; budget: Budget }): JsonValue {
  try {
    const value = parseJson(text, path, budget);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    if (error instanceof MalformedJson) throw new MalformedJson(`Line ${line}: ${error.message}`, { line });
    if (!(error instanceof InvalidInput)) throw error;
    throw new InvalidInput(error.violations.map((one) => ({ ...one, message: `Line ${line}: ${one.message}` })));
  }
  throw InvalidInput.of(path, 'isObject', `Line ${line}: ${path} must be an object.`);
}

function textOf(bytes: Buffer | string): string {
  if (typeof bytes === 'string') return bytes;
  if (!isUtf8(bytes)) throw new MalformedJson('The body is not UTF-8.');
  const text = bytes.toString('utf8');
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

function parse(text: string): JsonValue {
  if (text.trim() === '') throw new MalformedJson('The body is empty; send {} or leave the Content-Type out.');
  try {
    return JSON.parse(text) as JsonValue;
  } catch (cause) {
    // The engine's message quotes the text, which may hold a secret and would stand in the log; its position is enough.
    const position = cause instanceof SyntaxError ? / at position \d+/.exec(cause.message)?.[0] : undefined;
    throw new MalformedJson(`This is not valid JSON${position ?? ', or it ends too early'}.`);
  }
}

export function membersOf(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const one of Object.values(value)) if (typeof one === 'object') count += membersOf(one);
  return count;
}

/** @throws InvalidInput, with the path as long as the budget lasts */
function refuseWhatIsLost(text: string, path: string, { inexact, budget }: { inexact: boolean; budget: Budget }): void {
  budget.explained -= text.length;
  if (budget.explained >= 0) {
    assertStorable(parseExactly(text), path);
    return;
  }
  if (inexact) throw InvalidInput.of(path, 'isExactNumber', 'A number in it cannot be kept exactly.');
  throw InvalidInput.of(path, 'uniqueKey', 'A key in it is given twice.');
}

/** Ten times slower than `JSON.parse`, and recursive: only for texts that passed it and the limit of depth. */
function parseExactly(text: string): unknown {
  return parseLossless(text, null, {
    parseNumber: (number) =>
      survives(number) ? Number(number) : new Unkept('isExactNumber', 'is not a number that can be kept exactly'),
    onDuplicateKey: () => new Unkept('uniqueKey', 'is given twice'),
  });
}
