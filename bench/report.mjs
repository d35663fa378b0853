const row = (cells) => `| ${cells.join(' | ')} |`;

export const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

export const whole = (value) => (value === undefined ? '–' : Math.round(value).toLocaleString('en'));
export const fixed = (value, digits = 2) => (Number.isFinite(value) ? value.toFixed(digits) : '–');

const goal = (sign, holds) => (text, value, limit, unit) => ({
  text,
  wanted: `${sign} ${limit.toLocaleString('en')}${unit}`,
  got: Number.isFinite(value) ? `${value >= 100 ? whole(value) : fixed(value)}${unit}` : 'not measured',
  met: Number.isFinite(value) ? (holds(value, limit) ? 'yes' : 'no') : '–',
});

/** A goal and what came of it. */
export const atLeast = goal('≥', (value, limit) => value >= limit);
export const atMost = goal('≤', (value, limit) => value <= limit);

export const goalTable = (goals) =>
  table(
    ['goal', 'wanted', 'measured', 'met'],
    goals.map(({ text, wanted, got, met }) => [text, wanted, got, met]),
  );
