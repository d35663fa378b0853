import { createdData, edgesOf, type NewTask, rowOf } from './new-task.js';

const task: NewTask = {
  id: 't',
  workspaceId: 'w',
  type: 'build',
  title: 'Build it',
  description: null,
  parameters: { a: [1] },
  priority: 'high',
  tags: ['x'],
  labels: { team: 'red' },
  requiredCapabilities: ['go'],
  parentTaskId: 'p',
  assignedTo: null,
  createdBy: 'ada',
  externalRef: null,
  runAt: new Date('2026-01-02T03:04:05.678Z'),
  deadline: null,
  maxAttempts: 3,
  dependsOn: [
    { taskId: 'b', kind: 'blocks' },
    { taskId: 'b', kind: 'blocks' },
    { taskId: 'b', kind: 'related' },
    { taskId: 'p', kind: 'parent_child' },
  ],
};

describe('a task on its way to the database', () => {
  it('has each edge once, its parent among them', () => {
    expect(edgesOf(task)).toEqual([
      { blockerId: 'b', blockedId: 't', kind: 'blocks' },
      { blockerId: 'b', blockedId: 't', kind: 'related' },
      { blockerId: 'p', blockedId: 't', kind: 'parent_child' },
    ]);
  });

  it('has its priority as a rank and its times as text', () => {
    expect(rowOf(task)).toMatchObject({ priority: 1, run_at: '2026-01-02T03:04:05.678Z', deadline: null });
  });

  it('tells in its event what blocks it, and nothing else of its edges', () => {
    expect(createdData(task)).toMatchObject({
      blockedBy: ['b'],
      parentTaskId: 'p',
    });
  });
});
