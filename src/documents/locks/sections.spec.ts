import { hasSection, overlap, rangeOf, type Sectioned, touches } from './sections.js';

const TEXT = `intro
# Plan
about
## Goals
- ship
## Risks
none
\`\`\`
# not a heading
\`\`\`
# Log
end
`;
const markdown: Sectioned = { contentType: 'markdown', content: TEXT };
const json: Sectioned = { contentType: 'json', content: '{"a":{"b":[1,2],"c":1},"ab":1}' };

describe('sections', () => {
  const part = (section: string): string | undefined => {
    const range = rangeOf(TEXT, section);
    return range && TEXT.slice(...range);
  };

  it('of Markdown reach from a heading to the next of its level or above', () => {
    expect(part('Goals')).toBe('## Goals\n- ship\n');
    expect(part('## Goals')).toBe('## Goals\n- ship\n');
    expect(part('# Goals')).toBeUndefined();
    expect(part('Plan')).toBe(TEXT.slice(TEXT.indexOf('# Plan'), TEXT.indexOf('# Log')));
    expect(part('Log')).toBe('# Log\nend\n');
    expect(part('not a heading')).toBeUndefined();
  });

  it('of Markdown are found whatever ends the lines, with or without closing signs, and in no time', () => {
    const text = '# One\r\ntext\r\n## Two ##\r\n# C#\r\n#\n####### no\n#no\n';
    const of = (section: string) => hasSection({ contentType: 'markdown', content: text }, section);
    expect(['One', 'Two', '# C#', '## Two'].map(of)).toEqual([true, true, true, true]);
    expect(['no', 'Two ##', '# Two'].map(of)).toEqual([false, false, false]);
    for (const filler of [' ', '\r', '#', ' #']) {
      expect(rangeOf(`# a${filler.repeat(200_000)}b`, 'x')).toBeUndefined();
    }
  });

  it('are there or not', () => {
    expect([hasSection(markdown, 'Risks'), hasSection(markdown, 'Nothing')]).toEqual([true, false]);
    expect([hasSection(json, '/a/b'), hasSection(json, '/a/x'), hasSection(json, 'a')]).toEqual([true, false, false]);
  });

  it('overlap when one is within the other', () => {
    expect([overlap(markdown, 'Plan', 'Goals'), overlap(markdown, 'Goals', 'Risks')]).toEqual([true, false]);
    expect([overlap(markdown, 'Log', 'Plan'), overlap(markdown, 'Gone', '## Gone')]).toEqual([false, true]);
    expect([overlap(json, '/a', '/a/b'), overlap(json, '/a', '/ab'), overlap(json, '/a/b', '/a')]).toEqual([true, false, true]); // prettier-ignore
  });

  it('are touched by changes in them, not by those around them', () => {
    const changed = (find: string, replace: string): string => TEXT.replace(find, replace);
    expect(touches(markdown, changed('- ship', '- ship it'), 'Goals')).toBe(true);
    expect(touches(markdown, changed('## Goals', '## Aims'), 'Goals')).toBe(true);
    expect(touches(markdown, changed('- ship\n', '- ship\n- more\n'), 'Goals')).toBe(true);
    expect(touches(markdown, changed('# Plan', '## Goals\n# Plan'), 'Goals')).toBe(true);
    expect(touches(markdown, changed('# Plan', '## Goals\n- ship\n# Plan'), 'Goals')).toBe(true);
    expect(touches(markdown, changed('none', 'some'), 'Goals')).toBe(false);
    expect(touches(markdown, changed('about\n', 'about\nmore\n'), 'Goals')).toBe(false);
    expect(touches(markdown, changed('- ship', '- ship it'), 'Plan')).toBe(true);
    expect(touches(markdown, '', 'Goals')).toBe(true);
    expect(touches(markdown, 'x', 'Gone')).toBe(false);
    expect(touches(json, '{"a":{"b":[1,2],"c":2},"ab":2}', '/a/b')).toBe(false);
    expect(touches(json, '{"a":{"b":[1],"c":1},"ab":1}', '/a/b')).toBe(true);
    expect(touches(json, '{"ab":1}', '/a')).toBe(true);
    expect(touches(json, '{ "a": {"c":1, "b":[1,2]}, "ab": 3 }', '/a')).toBe(false);
  });
});
