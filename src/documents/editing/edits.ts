import { applyPatch, type Operation as PatchOperation, Pointer } from 'rfc6902';
import { assertStorable, type JsonObject, type JsonValue } from '../../shared/errors/index.js';
import { MAX_DOCUMENT_BYTES } from '../content.js';
import { DocumentTooLarge, EditNotApplicable } from '../documents.errors.js';
import { formatted } from './merge-json.js';

/** Where a text is put: at the start or the end, or before or after another one. */
export type Place = 'start' | 'end' | { before: string } | { after: string } | { line: number };

/** One of these. */
export type Edit =
  | { find: string; replace: string; all?: boolean | undefined }
  | { insert: string; at: Place }
  | { patch: PatchOperation[] }
  | { merge: JsonObject };

/** Characters that are shown around what was found more than once. */
const SURROUNDINGS = 40;
const SHOWN = 5;

/**
 * The text after all edits, one after the other.
 * @throws EditNotApplicable naming the edit, with the surroundings of what was found more than once
 * @throws DocumentTooLarge when an edit would multiply the text beyond what a document may have
 */
export function applyEdits(content: string, edits: readonly Edit[]): string {
  return edits.reduce((text, edit, index) => applyEdit(text, edit, index), content);
}

function applyEdit(text: string, edit: Edit, index: number): string {
  if ('find' in edit) return replaced(text, edit, index);
  if ('insert' in edit) return inserted(text, edit, index);
  const value = json(text, index);
  return formatted('patch' in edit ? patched(value, edit.patch, index) : mergePatch(value, edit.merge), text);
}

function replaced(
  text: string,
  { find, replace, all = false }: Extract<Edit, { find: string }>,
  index: number,
): string {
  if (!all) {
    const at = single(text, find, index);
    return text.slice(0, at) + replace + text.slice(at + find.length);
  }
  const pieces = text.split(find);
  if (pieces.length === 1) throw notFound(find, index);
  assertFits(text.length + (pieces.length - 1) * (replace.length - find.length));
  return pieces.join(replace);
}

function inserted(text: string, { insert, at }: Extract<Edit, { insert: string }>, index: number): string {
  const place = placeOf(text, at, index);
  return text.slice(0, place) + insert + text.slice(place);
}

function placeOf(text: string, at: Place, index: number): number {
  if (at === 'start') return 0;
  if (at === 'end') return text.length;
  if ('before' in at) return single(text, at.before, index);
  if ('after' in at) return single(text, at.after, index) + at.after.length;
  let place = 0;
  for (let line = 1; line < at.line; line++) {
    const end = text.indexOf('\n', place);
    if (end < 0) throw new EditNotApplicable(index, 'no_such_line', `There is no line ${at.line}; there are ${line}.`);
    place = end + 1;
  }
  return place;
}

/** Where the one occurrence is. */
function single(text: string, wanted: string, index: number): number {
  const at = text.indexOf(wanted);
  if (at < 0) throw notFound(wanted, index);
  const places = [at];
  for (let next = text.indexOf(wanted, at + 1); next >= 0 && places.length <= SHOWN;) {
    places.push(next);
    next = text.indexOf(wanted, next + 1);
  }
  if (places.length === 1) return at;
  const around = places.slice(0, SHOWN).map((place) => surroundings(text, place, wanted.length));
  throw new EditNotApplicable(index, 'ambiguous', 'The text is there more than once; name more of what stands around it.', around); // prettier-ignore
}

function surroundings(text: string, at: number, length: number): string {
  return text.slice(Math.max(0, at - SURROUNDINGS), at + length + SURROUNDINGS).toWellFormed();
}

const notFound = (wanted: string, index: number): EditNotApplicable =>
  new EditNotApplicable(index, 'not_found', `The text is not there: ${JSON.stringify(wanted.slice(0, 200))}.`);

function json(text: string, index: number): JsonValue {
  try {
    return text.trim() === '' ? null : (JSON.parse(text) as JsonValue);
  } catch (error) {
    throw new EditNotApplicable(index, 'not_json', `The content is not JSON: ${(error as Error).message}`);
  }
}

/** Members by which a JavaScript prototype is reached. */
const POISONOUS = /\/(?:__proto__|constructor|prototype)(?:\/|$)/;

/** RFC 6902; all operations or none. */
function patched(value: JsonValue, operations: PatchOperation[], index: number): JsonValue {
  const root = { value: structuredClone(value) };
  const below = operations.map((operation) => ({
    ...structuredClone(operation),
    path: `/value${operation.path}`,
    ...('from' in operation && { from: `/value${operation.from}` }),
  })) as PatchOperation[];
  const poisonous = operations.findIndex((operation) =>
    [operation.path, 'from' in operation ? operation.from : ''].some((path) => POISONOUS.test(path)),
  );
  const failed = poisonous >= 0 ? poisonous : firstFailed(root, below);
  if (failed >= 0) {
    const { op = '', path = '' } = operations[failed] ?? {};
    throw new EditNotApplicable(index, 'patch_failed', `Operation ${failed} of the patch (${op} ${path}) does not apply.`); // prettier-ignore
  }
  assertStorable(root.value, `edits[${index}].patch`);
  return root.value ?? null;
}

/** Applies operations until one fails; answers its index, or -1. Each copy may double the value: 30 of them make 14 GB. */
function firstFailed(root: { value: JsonValue }, operations: readonly PatchOperation[]): number {
  let copied = 0;
  return operations.findIndex((operation) => {
    if (operation.op === 'copy') {
      const text = JSON.stringify(Pointer.fromJSON(operation.from).get(root)) as string | undefined;
      copied += text?.length ?? 0;
      assertFits(copied);
    }
    return applyPatch(root, [operation]).some((error) => error !== null);
  });
}

/** Characters are at most as many as bytes. */
function assertFits(characters: number): void {
  if (characters > MAX_DOCUMENT_BYTES) throw new DocumentTooLarge(characters, MAX_DOCUMENT_BYTES);
}

/** RFC 7396. */
function mergePatch(target: JsonValue, patch: JsonValue): JsonValue {
  if (!isObject(patch)) return patch;
  const members = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) members.delete(key);
    else members.set(key, mergePatch(members.get(key) ?? null, value));
  }
  return Object.fromEntries(members);
}

const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
