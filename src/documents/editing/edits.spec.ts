import { applyEdits, type Edit, type Place } from './edits.js';

const refusal = (content: string, edit: Edit): object => {
  try {
    applyEdits(content, [edit]);
  } catch (error) {
    return (error as { details: object }).details;
  }
  throw new Error('It was applied.');
};

describe('edits', () => {
  it('replace what is there once, or all there is', () => {
    expect(applyEdits('one two', [{ find: 'two', replace: '$& three' }])).toBe('one $& three');
    expect(applyEdits('a-a-a', [{ find: 'a', replace: '$1', all: true }])).toBe('$1-$1-$1');
    expect(applyEdits('one', [{ find: 'one', replace: 'two' }, { find: 'two', replace: '' }])).toBe(''); // prettier-ignore
  });

  it('are refused where the text is missing or there more than once, with what stands around it', () => {
    expect(refusal('one', { find: 'two', replace: '' })).toMatchObject({ field: 'edits[0]', why: 'not_found' });
    expect(refusal('one', { find: 'two', replace: '', all: true })).toMatchObject({ why: 'not_found' });
    expect(refusal('one x\ntwo x\n', { find: 'x', replace: '' })).toEqual({
      field: 'edits[0]',
      why: 'ambiguous',
      surroundings: ['one x\ntwo x\n', 'one x\ntwo x\n'],
    });
    // Occurrences that overlap are two.
    expect(refusal('aaa', { find: 'aa', replace: '' })).toMatchObject({ why: 'ambiguous' });
  });

  it('insert at a place', () => {
    const insert = (at: Place): string => applyEdits('one\ntwo\n', [{ insert: '*', at }]);
    expect(insert('start')).toBe('*one\ntwo\n');
    expect(insert('end')).toBe('one\ntwo\n*');
    expect(insert({ before: 'two' })).toBe('one\n*two\n');
    expect(insert({ after: 'two' })).toBe('one\ntwo*\n');
    expect(insert({ line: 1 })).toBe('*one\ntwo\n');
    expect(insert({ line: 2 })).toBe('one\n*two\n');
    expect(insert({ line: 3 })).toBe('one\ntwo\n*');
    expect(refusal('one\n', { insert: 'x', at: { line: 3 } })).toMatchObject({ why: 'no_such_line' });
    expect(refusal('one\none', { insert: 'x', at: { after: 'one' } })).toMatchObject({ why: 'ambiguous' });
  });

  it('patch JSON by RFC 6902, all operations or none', () => {
    const text = '{\n  "a": [1],\n  "b": {}\n}\n';
    const patch = [
      { op: 'test', path: '/a/0', value: 1 },
      { op: 'add', path: '/a/-', value: 2 },
      { op: 'move', from: '/a/0', path: '/b/c' },
      { op: 'remove', path: '/a/0' },
    ] as const;
    expect(applyEdits(text, [{ patch: [...patch] }])).toBe('{\n  "a": [],\n  "b": {\n    "c": 1\n  }\n}\n');
    expect(applyEdits('{"a":1}', [{ patch: [{ op: 'replace', path: '', value: [] }] }])).toBe('[]');
    expect(refusal(text, { patch: [{ op: 'test', path: '/a/0', value: 2 }] })).toMatchObject({ why: 'patch_failed' });
    expect(refusal(text, { patch: [{ op: 'remove', path: '/x' }] })).toMatchObject({ why: 'patch_failed' });
    expect(refusal('no json', { patch: [] })).toMatchObject({ why: 'not_json' });
  });

  it('patch no prototype', () => {
    for (const path of ['/__proto__/x', '/constructor/prototype/x', '/a/__proto__/x']) {
      expect(refusal('{"a":{}}', { patch: [{ op: 'add', path, value: 1 }] })).toMatchObject({ why: 'patch_failed' });
    }
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it('multiply no text beyond what a document may have', () => {
    const all: Edit = { find: 'a', replace: 'b'.repeat(1_000), all: true };
    expect(refusal('a'.repeat(500_000), all)).toMatchObject({ bytes: 500_000_000 });
    const copies = Array.from({ length: 40 }, (_, n) => ({ op: 'copy' as const, from: '', path: `/x${n}` }));
    expect(refusal('{"a":1}', { patch: copies })).toMatchObject({ limit: 1024 * 1024 });
    const twice = [{ patch: copies.slice(0, 2) }];
    expect(applyEdits('{"a":1}', twice)).toBe('{"a":1,"x0":{"a":1},"x1":{"a":1,"x0":{"a":1}}}');
    expect(refusal('{}', { patch: [{ op: 'copy', from: '/none', path: '/a' }] })).toMatchObject({
      why: 'patch_failed',
    });
  });

  // The examples of RFC 7396, appendix A.
  it.each([
    ['{"a":"b"}', { a: 'c' }, '{"a":"c"}'],
    ['{"a":"b"}', { b: 'c' }, '{"a":"b","b":"c"}'],
    ['{"a":"b"}', { a: null }, '{}'],
    ['{"a":"b","b":"c"}', { a: null }, '{"b":"c"}'],
    ['{"a":["b"]}', { a: 'c' }, '{"a":"c"}'],
    ['{"a":"c"}', { a: ['b'] }, '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', { a: { b: 'd', c: null } }, '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', { a: [1] }, '{"a":[1]}'],
    ['{"e":null}', { a: 1 }, '{"e":null,"a":1}'],
    ['[1,2]', { a: 'b', c: null }, '{"a":"b"}'],
    ['{}', { a: { bb: { ccc: null } } }, '{"a":{"bb":{}}}'],
  ])('merge %s with %j by RFC 7396', (content, merge, expected) => {
    expect(applyEdits(content, [{ merge }])).toBe(expected);
  });
});
