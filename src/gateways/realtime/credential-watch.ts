import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { DomainError } from '../../shared/errors/index.js';

interface Watched {
  stillAllowed: () => Promise<void>;
  refused: Set<(reason: Error) => void>;
  asking: boolean;
}

/**
 * The authenticator believes what it found good for 0.9 s. Asked so often, a key that was revoked is noticed within a
 * second, and most times the answer is at hand.
 */
const ASK_MS = 80;
/** Asked in one turn at most, each taking a few microseconds: above that it takes longer until all were asked. */
const ASKED_AT_ONCE = 500;

/** Judges the credentials of open connections again and again, once for all that share them. */
@Injectable()
export class CredentialWatch implements OnModuleDestroy {
  private readonly watched = new Map<string, Watched>();
  private timer?: NodeJS.Timeout | undefined;

  /** @returns what ends the watch */
  watch(credentials: string, stillAllowed: () => Promise<void>, onRefused: (reason: Error) => void): () => void {
    const watched = this.watched.get(credentials) ?? { stillAllowed, refused: new Set(), asking: false };
    watched.refused.add(onRefused);
    this.watched.set(credentials, watched);
    this.timer ??= setInterval(() => this.askSome(), ASK_MS).unref();
    return () => {
      watched.refused.delete(onRefused);
      if (watched.refused.size === 0 && this.watched.get(credentials) === watched) this.watched.delete(credentials);
      if (this.watched.size === 0) this.onModuleDestroy();
    };
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Those asked go to the end. */
  private askSome(): void {
    let left = ASKED_AT_ONCE;
    for (const [credentials, watched] of [...this.watched]) {
      if (left-- === 0) return;
      if (this.watched.size > ASKED_AT_ONCE) {
        this.watched.delete(credentials);
        this.watched.set(credentials, watched);
      }
      if (!watched.asking) void this.ask(watched);
    }
  }

  /** While nobody can judge, as without the database, connections stay open: calls are refused by themselves. */
  private async ask(watched: Watched): Promise<void> {
    watched.asking = true;
    try {
      await watched.stillAllowed();
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== 'unauthenticated') return;
      for (const refused of [...watched.refused]) refused(error);
    } finally {
      watched.asking = false;
    }
  }
}
