import type { MigrationInterface, QueryRunner } from 'typeorm';
import { functionSql } from './function-sql.js';

export class Tenancy1763900000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await tenants(runner);
    await keys(runner);
    await audit(runner);
    await idempotency(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION drop_audit_partitions(int)');
    await runner.query('DROP FUNCTION ensure_audit_partitions(int)');
    for (const table of ['idempotency_keys', 'audit_log', 'api_key_lookup', 'api_keys', 'tenant_names', 'tenants']) {
      await runner.query(`DROP TABLE ${table}`);
    }
  }
}

/** What is unique over all tenants (a name, the hash of a key) is a table of its own, keyed by that value. */
async function tenants(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE tenants (
      id         uuid PRIMARY KEY,
      name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
      created_at timestamptz(3) NOT NULL DEFAULT now()
    )`);
  await runner.query('CREATE TABLE tenant_names (name text PRIMARY KEY, tenant_id uuid NOT NULL)');
}

async function keys(runner: QueryRunner): Promise<void> {
  // last_used_at stands in no index and pages keep room, so that noting it rewrites the row within its page.
  await runner.query(`
    CREATE TABLE api_keys (
      tenant_id    uuid NOT NULL REFERENCES tenants (id),
      id           uuid NOT NULL,
      name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
      ending       text NOT NULL CHECK (length(ending) = 4),
      key_hash     bytea NOT NULL CHECK (octet_length(key_hash) = 32),
      scopes       text[] NOT NULL CHECK (cardinality(scopes) BETWEEN 1 AND 64),
      actor_id     text,
      created_by   text NOT NULL,
      created_at   timestamptz(3) NOT NULL DEFAULT now(),
      expires_at   timestamptz(3),
      revoked_at   timestamptz(3),
      last_used_at timestamptz(3),
      PRIMARY KEY (tenant_id, id)
    ) WITH (fillfactor = 80)`);
  await runner.query(`
    CREATE TABLE api_key_lookup (
      key_hash  bytea PRIMARY KEY CHECK (octet_length(key_hash) = 32),
      tenant_id uuid NOT NULL,
      key_id    uuid NOT NULL
    )`);
}

/** By month, because it only grows: what is older than the retention is dropped with its partition, never deleted. */
async function audit(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE audit_log (
      tenant_id  uuid NOT NULL,
      time       timestamptz(3) NOT NULL DEFAULT now(),
      id         uuid NOT NULL,
      actor_id   text NOT NULL,
      key_id     uuid,
      operation  text NOT NULL,
      subject_id text,
      status     int NOT NULL,
      code       text,
      request_id text,
      ip         text,
      user_agent text,
      PRIMARY KEY (tenant_id, time, id)
    ) PARTITION BY RANGE (time)`);
  await runner.query(
    'CREATE INDEX idx_audit_subject ON audit_log (tenant_id, subject_id, time) WHERE subject_id IS NOT NULL',
  );
  await runner.query(functionSql('ensure_audit_partitions', 1));
  await runner.query(functionSql('drop_audit_partitions', 1));
  await runner.query('SELECT ensure_audit_partitions(3)');
}

async function idempotency(runner: QueryRunner): Promise<void> {
  // Each row is written twice in its transaction: first to take the key, then with the answer.
  await runner.query(`
    CREATE TABLE idempotency_keys (
      tenant_id   uuid NOT NULL,
      actor_id    text NOT NULL,
      key         text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
      fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
      status      int,
      headers     jsonb,
      body        text,
      created_at  timestamptz(3) NOT NULL DEFAULT now(),
      expires_at  timestamptz(3) NOT NULL,
      PRIMARY KEY (tenant_id, actor_id, key)
    ) WITH (fillfactor = 60)`);
  await runner.query('CREATE INDEX idx_idempotency_expiry ON idempotency_keys (tenant_id, expires_at)');
}
