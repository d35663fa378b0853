import type { Principal } from '../../shared/auth/index.js';
import type { DomainError } from '../../shared/errors/index.js';
import { TooManyStreams } from './realtime.errors.js';

/** Counts the streams, or the connections of another kind, that are open on this node, by key and by tenant. */
export class OpenStreams {
  private readonly counts = new Map<string, number>();
  private total = 0;

  constructor(
    private readonly perKey: number,
    private readonly perTenant: number,
    private readonly Refusal: new (what: 'key' | 'tenant', limit: number) => DomainError = TooManyStreams,
  ) {}

  /** How many there are. */
  get size(): number {
    return this.total;
  }

  /** @returns what gives the place back; only its first call counts. @throws TooManyStreams, or what refuses instead */
  take({ tenantId, keyId, actorId }: Principal): () => void {
    const [key, tenant] = [`${tenantId}:${keyId ?? actorId}`, tenantId];
    if (this.of(key) >= this.perKey) throw new this.Refusal('key', this.perKey);
    if (this.of(tenant) >= this.perTenant) throw new this.Refusal('tenant', this.perTenant);
    const count = (one: 1 | -1): void => {
      this.total += one;
      for (const name of [key, tenant]) this.add(name, one);
    };
    count(1);
    let held = true;
    return () => {
      if (held) count(-1);
      held = false;
    };
  }

  private of(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  private add(name: string, one: 1 | -1): void {
    const count = this.of(name) + one;
    if (count > 0) this.counts.set(name, count);
    else this.counts.delete(name);
  }
}
