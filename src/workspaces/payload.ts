import type { JsonObject } from '../shared/errors/index.js';
import { PayloadTooLarge } from './workspaces.errors.js';

const MAX_BYTES = 16 * 1024;

/** Of what members attach to activities and messages. @throws PayloadTooLarge */
export function assertSmall(field: string, value: JsonObject): void {
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes > MAX_BYTES) throw new PayloadTooLarge(field, bytes, MAX_BYTES);
}
