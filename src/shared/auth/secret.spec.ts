import { hashOf, isMistyped, newSecret, sameHash } from './secret.js';

describe('API key secrets', () => {
  it('have a form that scanners can find, and never repeat', () => {
    const secrets = Array.from({ length: 1_000 }, () => newSecret());
    expect(secrets.every((secret) => /^mst_[0-9A-Za-z]{46}$/.test(secret))).toBe(true);
    expect(new Set(secrets).size).toBe(1_000);
  });

  it('are recognised when one character is wrong, wherever it stands', () => {
    const secret = newSecret();
    expect(isMistyped(secret)).toBe(false);
    for (let at = 4; at < secret.length; at++) {
      const wrong = secret.charAt(at) === 'x' ? 'y' : 'x';
      expect(isMistyped(secret.slice(0, at) + wrong + secret.slice(at + 1))).toBe(true);
    }
  });

  it('leave keys of another form to the database', () => {
    expect(isMistyped('mst_development')).toBe(false);
    expect(isMistyped('a-preset-admin-key')).toBe(false);
  });

  it('use every character of the alphabet about equally', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 2_000; i++) {
      for (const character of newSecret().slice(4, 44)) counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    // 80,000 characters, 1,290 expected of each, standard deviation 36: eight of them either way.
    expect(counts.size).toBe(62);
    for (const count of counts.values()) expect(Math.abs(count - 1_290)).toBeLessThan(288);
  });

  it('compare by hash', () => {
    const secret = newSecret();
    expect(sameHash(hashOf(secret), hashOf(secret))).toBe(true);
    expect(sameHash(hashOf(secret), hashOf(newSecret()))).toBe(false);
    expect(sameHash(hashOf(secret), Buffer.alloc(0))).toBe(false);
  });
});
