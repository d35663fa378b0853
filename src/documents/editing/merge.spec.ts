import * as fc from 'fast-check';
import type { JsonValue } from '../../shared/errors/index.js';
import { mergeProse, mergeText } from './merge.js';
import { mergeJson, mergeJsonText } from './merge-json.js';

const text = fc.array(fc.constantFrom('a\n', 'b\n', 'c\n', 'd\n', '\n'), { maxLength: 12 }).map((all) => all.join(''));
const { json } = fc.letrec<{ json: JsonValue; object: JsonValue; list: JsonValue; leaf: JsonValue }>((tie) => ({
  json: fc.oneof({ maxDepth: 3 }, tie('leaf'), tie('object'), tie('list')),
  object: fc.dictionary(fc.constantFrom('a', 'b', 'c/d', '~'), tie('json'), { maxKeys: 3 }),
  list: fc.array(tie('json'), { maxLength: 3 }),
  leaf: fc.constantFrom(1, 2, 'x', null, true),
}));

describe('three-way merge of texts [S160]', () => {
  it('takes what one side changed', () => {
    fc.assert(
      fc.property(text, text, (base, changed) => {
        expect(mergeText(base, changed, base)).toEqual({ content: changed, conflicts: [] });
        expect(mergeText(base, base, changed)).toEqual({ content: changed, conflicts: [] });
        expect(mergeText(base, changed, changed)).toEqual({ content: changed, conflicts: [] });
      }),
    );
  });

  it('conflicts for both sides alike, and then names what both had', () => {
    fc.assert(
      fc.property(text, text, text, (base, ours, theirs) => {
        const [one, other] = [mergeText(base, ours, theirs), mergeText(base, theirs, ours)];
        const turned = other.conflicts.map((conflict) => ({
          ...conflict,
          ours: conflict.theirs,
          theirs: conflict.ours,
        }));
        expect(one.conflicts).toEqual(turned);
        if (one.conflicts.length === 0) expect(one.content).toBe(other.content);
        for (const conflict of one.conflicts) {
          expect(ours).toContain(conflict.ours);
          expect(theirs).toContain(conflict.theirs);
          expect(base).toContain(conflict.base);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('loses no line that only one side added', () => {
    const added = fc.integer({ min: 0, max: 5 });
    fc.assert(
      fc.property(added, added, (at, other) => {
        const base = Array.from({ length: 6 }, (_, n) => `line ${n}\n`);
        const ours = [...base.slice(0, at), 'ours\n', ...base.slice(at)].join('');
        const theirs = [...base.slice(0, other), 'theirs\n', ...base.slice(other)].join('');
        const { content, conflicts } = mergeText(base.join(''), ours, theirs);
        const all = content + conflicts.map((conflict) => conflict.theirs).join('');
        for (const line of [...base, 'ours\n', 'theirs\n']) expect(all).toContain(line);
        expect(conflicts.length > 0).toBe(at === other);
      }),
    );
  });

  it('names the lines of the base where both changed', () => {
    const { content, conflicts } = mergeText('1\n2\n3\n4\n', '1\ntwo\n3\n4\n', '1\nzwei\n3\nfour\n');
    expect(content).toBe('1\ntwo\n3\nfour\n');
    expect(conflicts).toEqual([{ path: 'lines 2-2', base: '2\n', ours: 'two\n', theirs: 'zwei\n' }]);
  });

  it('takes as much as a document may have, equal lines or none of them, without counting all pairs', () => {
    const equal = '\n'.repeat(1_000_000);
    expect(mergeText(equal, `a${equal}`, `${equal}b`)).toEqual({ content: `a${equal}b`, conflicts: [] });
    const distinct = Array.from({ length: 180_000 }, (_, n) => `${n.toString(36)}\n`).join('');
    expect(mergeText(distinct, `a\n${distinct}`, `${distinct}b`)).toEqual({
      content: `a\n${distinct}b`,
      conflicts: [],
    });
  });

  it('takes texts that have nothing in common as one change', () => {
    const of = (name: string): string => Array.from({ length: 20_000 }, (_, n) => `${name} ${n}\n`).join('');
    const { content, conflicts } = mergeText(of('base'), of('ours'), of('theirs'));
    expect([content, conflicts.map(({ path }) => path)]).toEqual([of('ours'), ['lines 1-20000']]);
  });
});

describe('three-way merge of prose', () => {
  const base = 'The quick brown fox jumps.\nThe end.\n';

  it('takes changes of different words of a line from both sides', () => {
    const [ours, theirs] = [base.replace('quick', 'fast'), base.replace('fox', 'dog')];
    expect(mergeProse(base, ours, theirs)).toEqual({
      content: base.replace('quick', 'fast').replace('fox', 'dog'),
      conflicts: [],
    });
    expect(mergeText(base, ours, theirs).conflicts).toHaveLength(1);
  });

  it('conflicts where words that touch were changed, with the whole lines', () => {
    const [ours, theirs] = ['The slow brown fox jumps.\n', 'The quick red fox jumps.\n'];
    expect(mergeProse(base, `${ours}The end.\n`, `${theirs}The end.\n`)).toEqual({
      content: `${ours}The end.\n`,
      conflicts: [{ path: 'lines 1-1', base: 'The quick brown fox jumps.\n', ours, theirs }],
    });
    expect(mergeProse(base, 'The end.\n', `${theirs}The end.\n`).conflicts).toHaveLength(1);
  });

  it('conflicts nowhere but where lines do, and for both sides alike', () => {
    const prose = fc
      .array(fc.constantFrom('a ', 'b ', 'c ', 'd\n', '\n', 'a\n'), { maxLength: 12 })
      .map((all) => all.join(''));
    fc.assert(
      fc.property(prose, prose, prose, (one, ours, theirs) => {
        const [merged, turned] = [mergeProse(one, ours, theirs), mergeProse(one, theirs, ours)];
        const paths = merged.conflicts.map(({ path }) => path);
        expect(turned.conflicts.map(({ path }) => path)).toEqual(paths);
        expect(mergeText(one, ours, theirs).conflicts.map(({ path }) => path)).toEqual(expect.arrayContaining(paths));
        if (paths.length === 0) expect(merged.content).toBe(turned.content);
      }),
      { numRuns: 500 },
    );
  });

  it('takes no longer for paragraphs that were all rewritten', () => {
    const of = (name: string): string =>
      Array.from({ length: 1_000 }, (_, n) => `${`${name} ${n} `.repeat(50)}\n`).join('');
    expect(mergeProse(of('base'), of('ours'), of('theirs')).conflicts).toHaveLength(1);
  });
});

describe('three-way merge of JSON [S160] [S161]', () => {
  it('takes what one side changed, whatever it is', () => {
    fc.assert(
      fc.property(json, json, (base, changed) => {
        expect(mergeJson(base, changed, base)).toEqual({ value: changed, conflicts: [] });
        expect(mergeJson(base, base, changed)).toEqual({ value: changed, conflicts: [] });
        expect(mergeJson(base, changed, changed)).toEqual({ value: changed, conflicts: [] });
      }),
    );
  });

  it('conflicts for both sides alike', () => {
    fc.assert(
      fc.property(json, json, json, (base, ours, theirs) => {
        const paths = (one: JsonValue, other: JsonValue): string[] =>
          mergeJson(base, one, other)
            .conflicts.map(({ path }) => path)
            .sort();
        expect(paths(ours, theirs)).toEqual(paths(theirs, ours));
      }),
      { numRuns: 500 },
    );
  });

  it('merges member by member, and names the path where both changed', () => {
    const base = { title: 'a', meta: { tags: ['x'], 'a/b': 1 }, gone: 1, kept: 1 };
    const ours = { title: 'b', meta: { tags: ['x', 'y'], 'a/b': 2 }, kept: 1, mine: true };
    const theirs = { title: 'a', meta: { tags: ['x', 'z'], 'a/b': 3 }, gone: 1, theirs: null };
    expect(mergeJson(base, ours, theirs)).toEqual({
      value: { title: 'b', meta: { tags: ['x', 'y', 'z'], 'a/b': 2 }, mine: true, theirs: null },
      conflicts: [{ path: '/meta/a~1b', base: '1', ours: '2', theirs: '3' }],
    });
  });

  it('finds a removal and a change of the same member to be a conflict', () => {
    expect(mergeJson({ a: 1 }, {}, { a: 2 }).conflicts).toEqual([{ path: '/a', base: '1', ours: null, theirs: '2' }]);
  });

  it('keeps the indentation, and the text where nothing came in', () => {
    const base = '{\n  "a": 1,\n  "b": 1\n}\n';
    expect(mergeJsonText(base, '{\n  "a": 2,\n  "b": 1\n}\n', '{"a":1,"b":3}').content).toBe(
      '{\n  "a": 2,\n  "b": 3\n}\n',
    );
    expect(mergeJsonText(base, '{"a":  2}', base).content).toBe('{"a":  2}');
  });
});
