/** Shared ones are held by many, and keep everybody from writing; a section's keeps others from writing in it. */
export const LOCK_MODES = ['exclusive', 'shared', 'section'] as const;
export type LockMode = (typeof LOCK_MODES)[number];

export const DEFAULT_LOCK_SECONDS = 300;
export const MAX_LOCK_SECONDS = 1_800;
/** Of one document: each write looks at all of them. */
export const MAX_LOCKS = 50;

/** What is asked for. */
export interface LockRequest {
  mode: LockMode;
  /** A JSON Pointer, or the text of a heading; of a section's lock only. */
  section: string | null;
}

export interface DocumentLock extends LockRequest {
  id: string;
  documentId: string;
  /** Rises with every grant of the document. Whoever writes with a lower one than the last has lost the lock. */
  token: number;
  holder: string;
  acquiredAt: Date;
  expiresAt: Date;
}

/** Somebody in the queue. */
export interface LockWait extends LockRequest {
  id: string;
  documentId: string;
  holder: string;
}
