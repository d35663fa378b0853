import { compareNumber, isNumber } from 'lossless-json';

/** What a JSON text holds, as far as its parsed value does not tell. Means nothing for a text that is not JSON. */
export interface Scan {
  /** Colons between keys and values: as many as members were written. */
  members: number;
  /** Values and keys, which cost as much again: one, and one for each comma and each colon. */
  values: number;
  /** Some number would not be kept exactly. */
  inexact: boolean;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/** Comparing takes the square of a number's length at worst, and nobody means such a number. */
const MAX_NUMBER_LENGTH = 1_000;
const NUMBER = /[-+.\deE]*/y;
/** Fewer digits always survive (IEEE 754 keeps any 15), unless there is an exponent. */
const PLAIN_NUMBER_LENGTH = 15;

/** Reads the text once, past its strings, and looks at each number; no further than `most` values. */
export function scanJson(text: string, most = Infinity): Scan {
  const found: Scan = { members: 0, values: 1, inexact: false };
  for (let at = 0; at < text.length && found.values <= most; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === COMMA) found.values++;
    else if (code === COLON) {
      found.members++;
      found.values++;
    } else if (code === MINUS || (code >= ZERO && code <= NINE)) {
      NUMBER.lastIndex = at;
      NUMBER.test(text);
      const end = NUMBER.lastIndex;
      found.inexact ||= !isKept(text, at, end);
      at = end - 1;
    }
  }
  return found;
}

/** Whether a double writes the number back as the same one, digits and power; 1e16 is, 2^53 + 1 is not. */
export function survives(number: string): boolean {
  if (number.length > MAX_NUMBER_LENGTH) return false;
  const kept = Number(number);
  const written = String(kept);
  if (written === number) return true;
  return Number.isFinite(kept) && isNumber(number) && compareNumber(number, written) === 0;
}

function isKept(text: string, start: number, end: number): boolean {
  if (end - start > MAX_NUMBER_LENGTH) return false;
  const token = text.slice(start, end);
  // What is no number is not ours to judge: the parser refuses the text.
  if (!isNumber(token)) return true;
  return (token.length <= PLAIN_NUMBER_LENGTH && !/[eE]/.test(token)) || survives(token);
}

/** Where the string that begins at `start` ends: at the next quote with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end;
    while (text.charCodeAt(before - 1) === BACKSLASH) before--;
    if ((end - before) % 2 === 0) return end;
  }
  return text.length;
}
