import { normaliseCapabilities } from './capabilities.js';

describe('normaliseCapabilities', () => {
  it('trims, lowers, sorts and keeps each once', () => {
    expect(normaliseCapabilities([' TypeScript', 'sql', 'typescript ', 'SQL', 'a b'])).toEqual([
      'a b',
      'sql',
      'typescript',
    ]);
  });

  it('takes two ways of writing one letter for the same', () => {
    expect(normaliseCapabilities(['caf\u00e9', 'cafe\u0301'])).toEqual(['caf\u00e9']);
  });

  it('leaves its own result and its argument as they are', () => {
    const given = Object.freeze(['B', 'a']);

    expect(normaliseCapabilities(normaliseCapabilities(given))).toEqual(normaliseCapabilities(given));
    expect(normaliseCapabilities([])).toEqual([]);
  });
});
