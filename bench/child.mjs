import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { nodeEnvironment } from './muster.mjs';

/** A server in a process of its own; `kind` is one of http-server.mjs. With the folder of a profile it leaves one there. */
export async function startNode({ home }, kind, databaseUrl, { folder } = {}) {
  const profiling = folder ? ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=http-${kind}.cpuprofile`] : [];
  // As `npm start` runs it.
  const options = ['--max-semi-space-size=32', ...profiling];
  const child = spawn(process.execPath, [...options, join(import.meta.dirname, 'http-server.mjs'), kind], {
    env: { ...process.env, ...nodeEnvironment(home, databaseUrl) },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const [ready] = await Promise.race([
    once(child, 'message'),
    exited.then(() => Promise.reject(new Error(`${kind} did not start`))),
  ]);
  return {
    ...ready,
    pid: child.pid,
    stop: () => {
      child.disconnect();
      return exited;
    },
  };
}
