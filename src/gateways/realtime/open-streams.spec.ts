import { OpenStreams } from './open-streams.js';

const caller = (tenantId: string, keyId: string) => ({ tenantId, keyId, actorId: 'ada', scopes: [] });

describe('OpenStreams', () => {
  it('counts by key and by tenant', () => {
    const streams = new OpenStreams(2, 3);
    streams.take(caller('a', '1'));
    streams.take(caller('a', '1'));

    expect(() => streams.take(caller('a', '1'))).toThrow(
      expect.objectContaining({ details: { limitedBy: 'key', limit: 2 } }),
    );
    streams.take(caller('a', '2'));
    expect(() => streams.take(caller('a', '2'))).toThrow(
      expect.objectContaining({ details: { limitedBy: 'tenant', limit: 3 } }),
    );
    streams.take(caller('b', '1'));
    expect(streams.size).toBe(4);
  });

  it('takes a place back once, and remembers nothing of who has none', () => {
    const streams = new OpenStreams(1, 1);
    const close = streams.take(caller('a', '1'));

    close();
    close();

    expect(streams.size).toBe(0);
    expect(streams['counts'].size).toBe(0);
    streams.take(caller('a', '1'));
    expect(() => streams.take(caller('a', '1'))).toThrow();
  });
});
