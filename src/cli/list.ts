import type { Command } from 'commander';
import type { Page } from '../shared/http/index.js';
import type { Query } from './client.js';
import type { Context } from './context.js';
import { wholeNumber } from './options.js';
import { type Cell, table } from './text.js';

export interface ListOptions {
  limit?: number;
  after?: string;
  all?: boolean;
}

interface Columns<Item> {
  names: readonly string[];
  row: (item: Item) => readonly Cell[];
}

/** What every list can be asked for. */
export const listOptions = (command: Command): Command =>
  command
    .option('--limit <n>', 'items a page, at most 500', wholeNumber(1, 500))
    .option('--after <cursor>', 'the page after this cursor, which the page before told')
    .option('--all', 'everything, page by page; under --json one item a line');

/** Prints a page of a list, or all of them. */
export async function printList<Item>(
  context: Context,
  path: string,
  { limit, after, all }: ListOptions,
  columns: Columns<Item>,
  filter: Query = {},
): Promise<void> {
  const { output } = context;
  const client = context.client();
  let query = { ...filter, limit, after };
  for (let first = true; ; first = false) {
    const page = await client.get<Page<Item>>(path, query);
    if (output.json && all) for (const item of page.items) output.answer(item, () => '');
    else output.answer(page, () => pageText(page, columns, { first, all: all === true, width: output.width }));
    if (!all || page.nextCursor === null) return;
    query = { ...query, after: page.nextCursor };
  }
}

interface Layout {
  first: boolean;
  all: boolean;
  width: number;
}

function pageText<Item>(page: Page<Item>, { names, row }: Columns<Item>, { first, all, width }: Layout): string {
  if (page.items.length === 0 && first) return 'None.';
  const lines = table(names, page.items.map(row), width).split('\n');
  const more = page.nextCursor !== null && !all ? [`More: --after ${page.nextCursor}`] : [];
  return [...(first ? lines : lines.slice(1)), ...more].join('\n');
}
