import type { DocumentLock, LockRequest, LockWait } from './lock.js';
import { overlap, type Sectioned } from './sections.js';

/** Whether both cannot be held at once by different holders. */
export function exclude(document: Sectioned | undefined, one: LockRequest, other: LockRequest): boolean {
  if (one.mode === 'shared' && other.mode === 'shared') return false;
  if (one.section === null || other.section === null) return true;
  return document !== undefined && overlap(document, one.section, other.section);
}

/**
 * Whether the one who came last waits for himself: for one who waits for another, and so on, until that one waits for him.
 * @param waits in the order in which they came, he himself last
 * @param blocks whether a lock, or somebody who came earlier, keeps a waiter waiting
 */
export function waitsForHimself(
  { waits, locks }: { waits: readonly LockWait[]; locks: readonly DocumentLock[] },
  blocks: (waiter: LockWait, other: LockRequest) => boolean,
): boolean {
  const seen = new Set<string>();
  const blockersOf = (wait: LockWait): string[] => {
    const there = [...locks, ...waits.slice(0, waits.indexOf(wait))];
    const others = there.filter(({ documentId, holder }) => documentId === wait.documentId && holder !== wait.holder);
    return others.filter((other) => blocks(wait, other)).map(({ holder }) => holder);
  };
  const self = waits.at(-1);
  if (!self) return false;
  const next = blockersOf(self);
  for (let holder = next.pop(); holder !== undefined; holder = next.pop()) {
    if (holder === self.holder) return true;
    if (seen.has(holder)) continue;
    seen.add(holder);
    for (const wait of waits) if (wait.holder === holder) next.push(...blockersOf(wait));
  }
  return false;
}
