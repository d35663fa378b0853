import { BadHistoryLine, type HistoryLine, readHistoryLine } from './history-line.js';

const read = (line: object): HistoryLine => readHistoryLine(JSON.stringify(line));
const CALL = { kind: 'call', n: 1, at: 'noon', id: 'c1', agent: 'ada', operation: 'claim' };
const ANSWER = { kind: 'answer', n: 2, at: 'noon', callId: 'c1' };
const EVENT = { type: 'task.created', subject: 'task/a', time: '2026', sequence: 1, feed: 'w', data: null };
const TASK = { id: 'a', workspaceId: 'w', status: 'pending', epoch: 0, assignedTo: null, openBlockers: 0 };

describe('readHistoryLine', () => {
  it.each<HistoryLine>([
    CALL as HistoryLine,
    { ...CALL, taskId: 'a', epoch: 1, key: 'k', bodyHash: 'b', claimKind: 'human' } as HistoryLine,
    { ...CALL, leases: [{ taskId: 'a', epoch: 1 }] } as HistoryLine,
    { ...ANSWER, lost: true } as HistoryLine,
    { ...ANSWER, status: 200, leases: [{ taskId: 'a', epoch: 1 }], tasks: ['a'], bodyHash: 'x' } as HistoryLine,
    { ...ANSWER, status: 200, results: [{ taskId: 'a', epoch: 1, code: 'lease_lost' }] } as HistoryLine,
    { kind: 'feed', feed: 'w', after: 7 },
    { kind: 'event', event: EVENT },
    { kind: 'task', task: TASK as never },
  ])('reads %j', (line) => {
    expect(read(line)).toEqual(line);
  });

  it('leaves out what the rules do not speak of, and what is null', () => {
    expect(read({ ...CALL, mood: 'good', key: null })).toEqual(CALL);
    expect(read({ kind: 'event', event: { ...EVENT, specversion: '1.0' } })).toEqual({ kind: 'event', event: EVENT });
    expect(read({ kind: 'task', task: { ...TASK, title: 'A' } })).toEqual({ kind: 'task', task: TASK });
  });

  it.each<[object, RegExp]>([
    [{ ...CALL, n: -1 }, /n must be a whole number/],
    [{ ...CALL, agent: '' }, /agent must be a text/],
    [{ ...CALL, leases: [{ taskId: 'a' }] }, /epoch must be a whole number/],
    [{ ...CALL, leases: {} }, /leases must be a list/],
    [ANSWER, /an answer has a status, or lost/],
    [{ kind: 'event', event: { ...EVENT, sequence: '1' } }, /sequence of the event/],
    [{ kind: 'event', event: [] }, /event must be a JSON object/],
    [{ kind: 'task', task: { ...TASK, workspaceId: undefined } }, /workspaceId of the task/],
    [['call'], /the line must be a JSON object/],
  ])('refuses %j', (line, message) => {
    expect(() => read(line)).toThrow(message);
    expect(() => read(line)).toThrow(BadHistoryLine);
  });
});
