import { InvalidInput } from '../errors/index.js';
import { IsName } from './name.js';
import { validated } from './validation.js';

class Named {
  @IsName()
  name: string;
}

describe('IsName', () => {
  it.each(['a', 'Ada Lovelace', '名前', '🦊', 'x'.repeat(200)])('takes %p', (name) => {
    expect(validated(Named, { name }).name).toBe(name);
  });

  it.each([undefined, null, 1, '', ' ', ' a', 'a\n', 'a\tb', '\u00a0a', 'x'.repeat(201)])('refuses %p', (name) => {
    expect(() => validated(Named, { name })).toThrow(InvalidInput);
  });
});
