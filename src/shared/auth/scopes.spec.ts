import { SCOPES } from './caller.js';
import { firstNotGranted, grants, knownScopes } from './scopes.js';

describe('scopes', () => {
  it('lets admin do everything', () => {
    expect(SCOPES.every((scope) => grants(['admin'], scope))).toBe(true);
  });

  it('lets write read, but never administer', () => {
    expect(grants(['write'], 'read')).toBe(true);
    expect(grants(['write'], 'tasks:write')).toBe(true);
    expect(grants(['write'], 'events:read')).toBe(true);
    expect(grants(['write'], 'admin')).toBe(false);
  });

  it('keeps read from writing', () => {
    expect(grants(['read'], 'tasks:read')).toBe(true);
    expect(grants(['read'], 'tasks:write')).toBe(false);
    expect(grants(['read'], 'write')).toBe(false);
  });

  it('keeps an aggregate’s scope inside the aggregate', () => {
    expect(grants(['tasks:write'], 'tasks:read')).toBe(true);
    expect(grants(['tasks:read'], 'tasks:write')).toBe(false);
    expect(grants(['tasks:write'], 'agents:read')).toBe(false);
    expect(grants(['tasks:write'], 'read')).toBe(false);
    expect(grants(['tasks:write'], 'write')).toBe(false);
  });

  it('grants nothing to nobody', () => {
    expect(SCOPES.some((scope) => grants([], scope))).toBe(false);
  });

  it('names the first scope that cannot be handed on', () => {
    expect(firstNotGranted(['write'], ['tasks:write', 'admin', 'read'])).toBe('admin');
    expect(firstNotGranted(['admin'], ['write', 'admin'])).toBeUndefined();
  });

  it('ignores scopes of others', () => {
    expect(knownScopes(['openid', 'tasks:write', 'constructor', 'read'])).toEqual(['read', 'tasks:write']);
  });
});
