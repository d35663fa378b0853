import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { Conflict } from '../errors/index.js';

const SALT = 'muster sealed secret';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals a text so that only who presents the same credentials opens it (AES-256-GCM, its key by HKDF from them). Of the
 * credentials we keep a hash only, so the database alone opens nothing.
 */
export function seal(text: string, credentials: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keyOf(credentials), iv);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** @throws Conflict `secret_sealed` when other credentials sealed it */
export function open(sealed: string, credentials: string): string {
  const text = unseal(sealed, credentials);
  if (text !== undefined) return text;
  throw new Conflict('secret_sealed', 'Only the credentials that made the first request can have its answer again.');
}

/** Undefined when something else sealed it. */
export function unseal(sealed: string, credentials: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < IV_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', keyOf(credentials), bytes.subarray(0, IV_BYTES));
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  try {
    return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return undefined;
  }
}

const keyOf = (credentials: string): Buffer => Buffer.from(hkdfSync('sha256', credentials, SALT, '', 32));
