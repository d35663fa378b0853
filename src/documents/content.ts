import { InvalidInput, isStorableText } from '../shared/errors/index.js';
import type { ContentType } from './document.entity.js';
import { ContentNotOfType, DocumentTooLarge } from './documents.errors.js';

/** Of a document's text, in UTF-8. */
export const MAX_DOCUMENT_BYTES = 1024 * 1024;

/** How many bytes of UTF-8 a content has. @throws InvalidInput, DocumentTooLarge, ContentNotOfType */
export function measured(content: string, contentType: ContentType): number {
  const bytes = Buffer.byteLength(content);
  if (bytes > MAX_DOCUMENT_BYTES) throw new DocumentTooLarge(bytes, MAX_DOCUMENT_BYTES);
  if (!isStorableText(content)) {
    throw InvalidInput.of('content', 'isStorable', 'content holds a NUL character or half of a surrogate pair.');
  }
  if (contentType === 'json' && content !== '') parsed(content);
  return bytes;
}

/** @throws ContentNotOfType */
export function parsed(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new ContentNotOfType('json', (error as Error).message);
  }
}
