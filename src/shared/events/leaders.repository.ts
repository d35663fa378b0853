import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../database/index.js';

@Injectable()
export class LeadersRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  /** Takes or renews what is free, expired or the node's own. Answers the epochs of what the node now leads. */
  @Operation()
  async take(node: string, wanted: readonly { name: string; ttlMs: number }[]): Promise<Map<string, number>> {
    const rows = await this.query<{ name: string; epoch: string }>(
      `INSERT INTO leaders AS l (name, node, epoch, lease_expires_at)
         SELECT w.name, $1::uuid, 1, now() + make_interval(secs => w.ttl / 1000.0)
           FROM unnest($2::text[], $3::int[]) w(name, ttl) ORDER BY w.name
       ON CONFLICT (name) DO UPDATE SET
           node = excluded.node,
           epoch = CASE WHEN l.node = excluded.node AND l.lease_expires_at > now() THEN l.epoch ELSE l.epoch + 1 END,
           lease_expires_at = excluded.lease_expires_at
         WHERE l.node = excluded.node OR l.lease_expires_at <= now()
       RETURNING name, epoch`,
      [node, wanted.map(({ name }) => name), wanted.map(({ ttlMs }) => ttlMs)],
    );
    return new Map(rows.map(({ name, epoch }) => [name, Number(epoch)]));
  }

  @Operation()
  async release(node: string, names: readonly string[]): Promise<void> {
    await this.query('UPDATE leaders SET lease_expires_at = now() WHERE node = $1 AND name = ANY($2::text[])', [
      node,
      names,
    ]);
  }
}
