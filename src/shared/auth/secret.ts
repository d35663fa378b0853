import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

const PREFIX = 'mst_';
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_LENGTH = 40;
const CHECK_LENGTH = 6;
const FORM = new RegExp(`^${PREFIX}[0-9A-Za-z]{${RANDOM_LENGTH + CHECK_LENGTH}}$`);

/**
 * A new API key: `mst_`, 40 random characters of base 62 (238 bits) and 6 that check them (CRC-32 in base 62). The form
 * lets secret scanners find a leaked key, and lets us refuse a mistyped one without asking the database.
 */
export function newSecret(): string {
  const random = randomCharacters(RANDOM_LENGTH);
  return PREFIX + random + checkOf(random);
}

/** True for a text in the form of our keys whose check characters do not fit: nobody ever had such a key from us. */
export function isMistyped(secret: string): boolean {
  if (!FORM.test(secret)) return false;
  const random = secret.slice(PREFIX.length, -CHECK_LENGTH);
  return !secret.endsWith(checkOf(random));
}

/** What is kept of a key. A plain SHA-256 is enough for 238 random bits: there is no dictionary to try. */
export const hashOf = (secret: string): Buffer => hash('sha256', secret, 'buffer');

export const sameHash = (one: Buffer, other: Buffer): boolean =>
  one.length === other.length && timingSafeEqual(one, other);

function randomCharacters(count: number): string {
  let text = '';
  while (text.length < count) {
    for (const byte of randomBytes(count)) {
      // 248 = 4 × 62: higher bytes would favour the first characters of the alphabet.
      if (byte < 248 && text.length < count) text += ALPHABET.charAt(byte % 62);
    }
  }
  return text;
}

function checkOf(random: string): string {
  let text = '';
  for (let rest = crc32(random); text.length < CHECK_LENGTH; rest = Math.floor(rest / 62)) {
    text = ALPHABET.charAt(rest % 62) + text;
  }
  return text;
}
