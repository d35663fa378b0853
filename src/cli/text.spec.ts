import { count, facts, table } from './text.js';

describe('text for people', () => {
  it('aligns columns, marks what is missing and cuts at the width', () => {
    const rows = [
      ['1', 'short', null],
      ['22', 'x'.repeat(30), undefined],
    ];
    expect(table(['ID', 'TITLE', 'NOTE'], rows)).toBe(
      `ID  TITLE                           NOTE\n1   short                           -\n22  ${'x'.repeat(30)}  -`,
    );
    expect(table(['ID', 'TITLE'], [['22', 'x'.repeat(30)]], 20)).toBe(`ID  TITLE\n22  ${'x'.repeat(15)}…`);
  });

  it('lets nobody’s title move the cursor or forge a line', () => {
    expect(table(['T'], [['a\u001b[2Jb\nc']])).toBe('T\na [2Jb c');
    expect(facts({ title: 'a\r\u0007b' })).toBe('title  a b');
  });

  it('leaves out what is not there', () => {
    expect(facts({ id: 1, long: undefined, other: null, 'two words': 'x' })).toBe('id         1\ntwo words  x');
  });

  it('counts', () => {
    expect([count(0, 'task'), count(1, 'task'), count(2_657, 'task')]).toEqual(['0 tasks', '1 task', '2,657 tasks']);
  });
});
