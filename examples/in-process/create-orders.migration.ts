import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The shop's own migration; Muster applies it at the start and remembers it in a table of its own. */
export class CreateOrders1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE orders (
        id            uuid PRIMARY KEY,
        article       text NOT NULL,
        quantity      int NOT NULL CHECK (quantity > 0),
        status        text NOT NULL CHECK (status IN ('placed', 'shipped')),
        tracking_code text
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE orders');
  }
}
