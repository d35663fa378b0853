import type { MigrationInterface, QueryRunner } from 'typeorm';
import { functionSql } from './function-sql.js';

export class EventSubscribers1763900600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // seqs: up to where each of feed_ids is acknowledged, in the same order. One row a subscriber, so that an
    // acknowledgement and the epoch it is judged by are changed under one lock; rewritten all the time, so room in the
    // page keeps the new version beside the old one.
    await runner.query(`
      CREATE TABLE event_subscribers (
        tenant_id  uuid NOT NULL,
        name       text NOT NULL,
        owner      text NOT NULL,
        feed_ids   uuid[] NOT NULL,
        seqs       bigint[] NOT NULL,
        types      text[] NOT NULL,
        subjects   text[] NOT NULL,
        epoch      bigint NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, name)
      ) WITH (fillfactor = 50)`);
    await runner.query(functionSql('ack_event_subscribers', 1));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION ack_event_subscribers');
    await runner.query('DROP TABLE event_subscribers');
  }
}
