import { fingerprintOf } from './fingerprint.js';

const request = {
  method: 'POST',
  url: '/v1/tasks',
  body: { type: 'build', parameters: { a: 1, b: [1, { x: 1, y: 2 }] } },
};
const of = (changes: Partial<Parameters<typeof fingerprintOf>[0]>): string =>
  fingerprintOf({ ...request, ...changes }).toString('hex');

describe('a request’s fingerprint', () => {
  it('does not depend on the order of members, at any depth', () => {
    expect(of({ body: { parameters: { b: [1, { y: 2, x: 1 }], a: 1 }, type: 'build' } })).toBe(of({}));
  });

  it.each([
    ['the body', { body: { ...request.body, type: 'test' } }],
    ['the order of a list', { body: { ...request.body, parameters: { a: 1, b: [{ x: 1, y: 2 }, 1] } } }],
    ['the kind of a value', { body: { ...request.body, parameters: { a: '1', b: [1, { x: 1, y: 2 }] } } }],
    ['the method', { method: 'PUT' }],
    ['the route', { url: '/v1/tasks/batch' }],
    ['the query', { url: '/v1/tasks?dryRun=true' }],
    ['the version expected', { ifMatch: '"3"' }],
    ['a missing body', { body: undefined }],
  ])('depends on %s', (_what, changes) => {
    expect(of(changes)).not.toBe(of({}));
  });

  it('does not run parts together', () => {
    expect(of({ method: 'POST', url: '/v1/a\n0:' })).not.toBe(of({ method: 'POST\n4:/v1/', url: 'a' }));
  });

  it('keeps members with names of the prototype apart', () => {
    const first = of({ body: JSON.parse('{"b":1,"__proto__":{"a":1}}') as unknown });
    const second = of({ body: JSON.parse('{"b":1,"__proto__":{"a":2}}') as unknown });
    expect(first).not.toBe(second);
  });
});
