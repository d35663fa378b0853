import { existsSync, readFileSync } from 'node:fs';
import { Backlog } from '../../src/cli/backlog/backlog.js';
import { dataFile } from '../support/data.js';
import { SOON } from './crash-agent.js';
import type { Random } from './random.js';

/** Failures must not use a task's attempts up: what waits for it would never be done, and the run could not end. */
const MAX_ATTEMPTS = 100;
/** As many as are open in the real backlog. */
const MADE_UP = 340;

interface CrashBacklog {
  /** The real one, or `made up`. */
  source: string;
  tasks: object[];
}

/** The real backlog, which does not belong to the project, where it is; else a graph of dependencies that is made up. */
export function backlogFor(workspaceId: string, random: Random): CrashBacklog {
  const file = dataFile('backlog.jsonl');
  const tasks = existsSync(file) ? real(file, workspaceId) : madeUp(workspaceId, MADE_UP, random);
  return {
    source: existsSync(file) ? file : 'made up',
    tasks: tasks.map((task) => ({ ...task, maxAttempts: MAX_ATTEMPTS, retry: SOON })),
  };
}

/** Chains, diamonds and loners: each task waits for up to three of the twenty before it. */
export function madeUp(workspaceId: string, size: number, random: Random): object[] {
  return Array.from({ length: size }, (_, index) => {
    const blockers = new Set<number>();
    for (let n = 0; n < Math.floor(random.between(0, 4)) && index > 0; n++) {
      blockers.add(Math.floor(random.between(Math.max(0, index - 20), index)));
    }
    return {
      ref: `m${index}`,
      workspaceId,
      type: 'task',
      title: `Task ${index}`,
      dependsOn: [...blockers].map((blocker) => ({ ref: `m${blocker}` })),
    };
  });
}

function real(file: string, workspaceId: string): object[] {
  const backlog = new Backlog();
  for (const line of readFileSync(file, 'utf8').split('\n')) backlog.add(line);
  if (backlog.problems.length > 0) throw new Error(`${file}: ${JSON.stringify(backlog.problems)}`);
  return backlog.tasks(workspaceId).tasks;
}
