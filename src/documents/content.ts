import { InvalidInput, isStorableText, type JsonValue } from '../shared/errors/index.js';
import { MalformedJson, parseJson } from '../shared/http/index.js';
import type { ContentType } from './document.entity.js';
import { ContentNotOfType, DocumentTooLarge } from './documents.errors.js';

/** Of a document's text, in UTF-8. */
export const MAX_DOCUMENT_BYTES = 1024 * 1024;
/** Of a request that brings such a text: JSON may write a character in six, and edits bring parts of several. */
export const MAX_DOCUMENT_BODY = 8 * MAX_DOCUMENT_BYTES;

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

/**
 * A JSON text by the rules of a request's body: what it says can be kept, and no key reaches a prototype.
 * @throws ContentNotOfType, InvalidInput
 */
export function parsed(content: string): JsonValue {
  try {
    return parseJson(content, 'content');
  } catch (error) {
    throw error instanceof MalformedJson ? new ContentNotOfType('json', error.message) : error;
  }
}
