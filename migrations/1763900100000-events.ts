import type { MigrationInterface, QueryRunner } from 'typeorm';
import { functionSql } from './function-sql.js';

const FUNCTIONS = ['append_events', 'move_outbox_events', 'ensure_event_partitions', 'drop_event_partition'];
const TABLES = ['leaders', 'parked_events', 'consumers', 'event_outbox', 'events', 'feeds'];

export class Events1763900100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await log(runner);
    await consumers(runner);
    await leaders(runner);
    for (const name of FUNCTIONS) await runner.query(functionSql(name, 1));
    await runner.query('SELECT ensure_event_partitions(2)');
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of FUNCTIONS.toReversed()) await runner.query(`DROP FUNCTION ${name}`);
    for (const table of TABLES) await runner.query(`DROP TABLE ${table}`);
  }
}

async function log(runner: QueryRunner): Promise<void> {
  // floor_seq: the highest number that retention has dropped. The last number stands in the log only.
  await runner.query(`
    CREATE TABLE feeds (
      tenant_id uuid NOT NULL,
      id        uuid NOT NULL,
      floor_seq bigint NOT NULL DEFAULT 0,
      PRIMARY KEY (tenant_id, id)
    )`);

  // No foreign key to feeds: append_events has the feed's row locked, and a check per event would cost a lookup each.
  await runner.query(`
    CREATE TABLE events (
      tenant_id    uuid NOT NULL,
      feed_id      uuid NOT NULL,
      seq          bigint NOT NULL,
      type         text NOT NULL,
      subject_type text NOT NULL,
      subject_id   uuid NOT NULL,
      actor_id     text,
      time         timestamptz(3) NOT NULL,
      data         jsonb,
      trace        text,
      PRIMARY KEY (tenant_id, feed_id, seq, time)
    ) PARTITION BY RANGE (time)`);
  await runner.query('CREATE TABLE events_default PARTITION OF events DEFAULT');

  // Here the key is needed: a missing feed must fail the transaction, not the move after its commit.
  await runner.query(`
    CREATE TABLE event_outbox (
      tenant_id      uuid NOT NULL,
      transaction_id uuid NOT NULL,
      position       int NOT NULL,
      feed_id        uuid NOT NULL,
      type           text NOT NULL,
      subject_type   text NOT NULL,
      subject_id     uuid NOT NULL,
      actor_id       text,
      data           jsonb,
      trace          text,
      created_at     timestamptz(3) NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, transaction_id, position),
      FOREIGN KEY (tenant_id, feed_id) REFERENCES feeds (tenant_id, id)
    )`);
}

async function consumers(runner: QueryRunner): Promise<void> {
  // One row a cursor, rewritten all the time: room in the page keeps the new version beside the old one.
  await runner.query(`
    CREATE TABLE consumers (
      tenant_id  uuid NOT NULL,
      name       text NOT NULL,
      feed_id    uuid NOT NULL,
      seq        bigint NOT NULL,
      epoch      bigint NOT NULL,
      updated_at timestamptz(3) NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, name, feed_id)
    ) WITH (fillfactor = 50)`);
  // The event is kept with it, for retention may drop it from the log before somebody looks.
  await runner.query(`
    CREATE TABLE parked_events (
      tenant_id uuid NOT NULL,
      consumer  text NOT NULL,
      feed_id   uuid NOT NULL,
      seq       bigint NOT NULL,
      event     jsonb,
      error     text NOT NULL,
      attempts  int NOT NULL,
      parked_at timestamptz(3) NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, consumer, feed_id, seq)
    )`);
}

/** Of the installation, not of a tenant: which node does what only one may do at a time. */
async function leaders(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE leaders (
      name             text PRIMARY KEY,
      node             uuid NOT NULL,
      epoch            bigint NOT NULL,
      lease_expires_at timestamptz(3) NOT NULL
    ) WITH (fillfactor = 50)`);
}
