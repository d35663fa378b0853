/** Text of others on one line of a terminal: control characters, which could move the cursor or forge lines, are blanks. */
export const visible = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');

export type Cell = string | number | null | undefined;

/** Columns under their names, as wide as they need to be; the last one is cut at `width`. */
export function table(names: readonly string[], rows: readonly (readonly Cell[])[], width = Infinity): string {
  const cells = [names, ...rows.map((row) => row.map((cell) => visible(String(cell ?? '-'))))];
  const widths = names.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return lines.map((line) => cut(line, width)).join('\n');
}

/** `name  value` lines; what is undefined or null is left out. */
export function facts(entries: Readonly<Record<string, Cell>>): string {
  const present = Object.entries(entries).filter(([, value]) => value !== undefined && value !== null);
  const width = Math.max(...present.map(([name]) => name.length));
  return present.map(([name, value]) => `${name.padEnd(width)}  ${visible(String(value))}`).join('\n');
}

/** `3 tasks`, `1 task`. */
export const count = (n: number, noun: string): string => `${n.toLocaleString('en-GB')} ${noun}${n === 1 ? '' : 's'}`;

const cut = (line: string, width: number): string => (line.length <= width ? line : `${line.slice(0, width - 1)}…`);
