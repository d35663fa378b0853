import { restRequest } from './rest-request.js';

const ID = '01999999-0000-7000-8000-000000000000';

describe('a call as its route takes it', () => {
  it('has the ids in the path and the rest in the body', () => {
    expect(restRequest('task.complete', { id: ID, epoch: 3, result: { ok: true } }, 'k')).toEqual({
      verb: 'POST',
      path: `/v1/tasks/${ID}/complete`,
      headers: { 'idempotency-key': 'k', 'content-type': 'application/json' },
      body: '{"epoch":3,"result":{"ok":true}}',
    });
  });

  it('has the rest in the query, lists repeated and nothing for what is undefined', () => {
    const { path, body } = restRequest('task.list', { status: ['pending', 'failed'], limit: 5, sort: undefined });
    expect([path, body]).toEqual(['/v1/tasks?status=pending&status=failed&limit=5', undefined]);
  });

  it('names the version that was read', () => {
    const { headers, body } = restRequest('task.update', { id: ID, title: 'New', ifMatch: 7 });
    expect([headers['if-match'], body]).toEqual(['"7"', '{"title":"New"}']);
  });

  it('refuses a path without its id', () => {
    expect(() => restRequest('task.get', {})).toThrow('id must be given');
  });
});
