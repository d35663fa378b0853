import { createdData, edgesOf, type NewTask, rowOf } from './new-task.js';

const HOLD = { onFailure: 'hold', outcome: null } as const;

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
  timeoutSeconds: 60,
  retry: null,
  dedupeKey: null,
  concurrencyKey: null,
  dependsOn: [
    { ...HOLD, taskId: 'b', kind: 'blocks' },
    { ...HOLD, taskId: 'b', kind: 'blocks' },
    { ...HOLD, taskId: 'b', kind: 'related' },
    { ...HOLD, taskId: 'p', kind: 'parent_child' },
  ],
};

describe('a task on its way to the database', () => {
  it('has each edge once, its parent among them', () => {
    expect(edgesOf(task)).toEqual([
      { ...HOLD, blockerId: 'b', blockedId: 't', kind: 'blocks' },
      { ...HOLD, blockerId: 'b', blockedId: 't', kind: 'related' },
      { ...HOLD, blockerId: 'p', blockedId: 't', kind: 'parent_child' },
    ]);
  });

  it('has its priority as a rank and its times as text', () => {
    expect(rowOf(task)).toMatchObject({ priority: 1, run_at: '2026-01-02T03:04:05.678Z', deadline: null });
  });

  it('tells its edges in its event', () => {
    expect(createdData(task)).toMatchObject({
      dependsOn: [
        { ...HOLD, taskId: 'b', kind: 'blocks' },
        { ...HOLD, taskId: 'b', kind: 'related' },
        { ...HOLD, taskId: 'p', kind: 'parent_child' },
      ],
      parentTaskId: 'p',
    });
  });
});
