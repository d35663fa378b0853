import type { EntityMetadata } from 'typeorm';
import { InvalidInput } from '../errors/index.js';

const COMPARISONS = ['=', '<>', '<', '<=', '>', '>=', '@>', '<@', '&&', 'IS NOT DISTINCT FROM'] as const;
export type Comparison = (typeof COMPARISONS)[number];

const DIRECTIONS = ['asc', 'desc'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/**
 * Conditions, order and limits appended to a statement that ends in a WHERE clause. Values are always bound, and a
 * column must be a property of the entity, so nothing a caller sends becomes part of the text.
 */
export class QueryBuilder {
  private readonly values: unknown[];
  private readonly clauses: string[] = [];
  private tail = '';

  /** `base` is SQL up to and including its first condition; its own parameters are `baseValues` [S84]. */
  constructor(
    private readonly metadata: EntityMetadata,
    private readonly base: string,
    baseValues: readonly unknown[],
  ) {
    this.values = [...baseValues];
  }

  addCondition(property: string, comparison: Comparison, value: unknown): this {
    assertOneOf(COMPARISONS, comparison, 'comparison');
    this.clauses.push(`${this.column(property)} ${comparison} ${this.bind(value)}`);
    return this;
  }

  /** `property = ANY(values)`; an empty list matches nothing, `undefined` adds no condition. */
  addInCondition(property: string, values: readonly unknown[] | undefined): this {
    if (values) this.clauses.push(`${this.column(property)} = ANY(${this.bind(values)})`);
    return this;
  }

  /** A condition in SQL of our own, with `?` for each bound value; an OR in it stays behind the tenant's condition. */
  addClause(sql: string, ...values: unknown[]): this {
    let next = 0;
    this.clauses.push(`(${sql.replace(/\?/g, () => this.bind(values[next++]))})`);
    return this;
  }

  /**
   * Keyset order: by an expression in SQL of our own that is never null, ties by id. `after` are the last row's two
   * values.
   */
  orderBy(expression: string, direction: Direction, after?: readonly unknown[]): this {
    assertOneOf(DIRECTIONS, direction, 'direction');
    if (after) this.addClause(`(${expression}, id) ${direction === 'asc' ? '>' : '<'} (?, ?)`, ...after);
    this.tail = ` ORDER BY ${expression} ${direction}, id ${direction}`;
    return this;
  }

  /** Only positive numbers have an effect [S42]. */
  limit(limit: number | undefined, offset?: number): this {
    if (limit !== undefined && limit > 0) this.tail += ` LIMIT ${this.bind(limit)}`;
    if (offset !== undefined && offset > 0) this.tail += ` OFFSET ${this.bind(offset)}`;
    return this;
  }

  build(): { text: string; values: unknown[] } {
    return { text: [this.base, ...this.clauses].join(' AND ') + this.tail, values: this.values };
  }

  private column(property: string): string {
    const column = this.metadata.findColumnWithPropertyName(property);
    if (!column) throw InvalidInput.of(property, 'column', `${property} is not a column of ${this.metadata.tableName}`);
    return `"${column.databaseName}"`;
  }

  private bind(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}

/** Types end where a request begins: these two become part of the text. */
function assertOneOf(allowed: readonly string[], given: string, rule: string): void {
  if (!allowed.includes(given)) throw InvalidInput.of(rule, rule, `${given} is not a ${rule}: ${allowed.join(', ')}.`);
}
