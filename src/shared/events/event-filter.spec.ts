import { EventFilter, SUBJECT_FILTER, TYPE_FILTER } from './event-filter.js';

const ID = '0199a000-0000-7000-8000-00000000000a';
const passes = (filter: EventFilter, type: string, subjectId = ID, subjectType = 'task'): boolean =>
  filter.passes({ type, subjectType, subjectId });

describe('EventFilter', () => {
  it('lets everything pass when it names nothing, or all types', () => {
    for (const filter of [
      new EventFilter(),
      new EventFilter({ types: [], subjects: [] }),
      new EventFilter({ types: ['a.b', '*'], subjects: ['*', ID] }),
    ]) {
      expect(filter.isEmpty).toBe(true);
      expect(passes(filter, 'task.created')).toBe(true);
    }
  });

  it('takes types by name and by beginning', () => {
    const filter = new EventFilter({ types: ['task.created', 'agent.*'] });

    expect(passes(filter, 'task.created')).toBe(true);
    expect(passes(filter, 'task.created_again')).toBe(false);
    expect(passes(filter, 'agent.status.changed')).toBe(true);
    expect(passes(filter, 'agents.changed')).toBe(false);
  });

  it('asks for type and subject together, and reads ids in either case', () => {
    const filter = new EventFilter({ types: ['task.*'], subjects: [ID.toUpperCase()] });

    expect(passes(filter, 'task.created')).toBe(true);
    expect(passes(filter, 'agent.created')).toBe(false);
    expect(passes(filter, 'task.created', '0199a000-0000-7000-8000-00000000000b')).toBe(false);
  });

  it('takes subjects by id, by kind and id, and by kind', () => {
    const filter = new EventFilter({ subjects: [ID, 'agent/0199a000-0000-7000-8000-00000000000B', 'workspace/*'] });
    const subject = (kind: string, end: string): boolean =>
      passes(filter, 'a.b', `0199a000-0000-7000-8000-00000000000${end}`, kind);

    expect([subject('task', 'a'), subject('agent', 'a'), subject('agent', 'b')]).toEqual([true, true, true]);
    expect([subject('task', 'b'), subject('agent', 'c'), subject('workspaces', 'c')]).toEqual([false, false, false]);
    expect(subject('workspace', 'c')).toBe(true);
  });

  it.each([ID, ID.toUpperCase(), `task/${ID}`, 'task/*', '*'])('knows %s as the name of subjects', (subject) => {
    expect(SUBJECT_FILTER.test(subject)).toBe(true);
  });

  it.each(['', 'me', 'task', 'task/', 'task/me', `/${ID}`, 'task*', `task/${ID}/x`, '*/*', "task'/*"])(
    'does not know the subject %p',
    (subject) => {
      expect(SUBJECT_FILTER.test(subject)).toBe(false);
    },
  );

  it.each(['task.created', 'task.*', 'task.claim.*', '*'])('knows %s as the name of types', (type) => {
    expect(TYPE_FILTER.test(type)).toBe(true);
  });

  it.each(['', 'task.', '.created', 'task*', '*.created', 'task.*.x', 'Task.created', 'task.%', "task'"])(
    'does not know %p',
    (type) => {
      expect(TYPE_FILTER.test(type)).toBe(false);
    },
  );
});
