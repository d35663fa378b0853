import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { caller } from './calls.mjs';
import { nodeEnvironment } from './muster.mjs';

/**
 * A server in a process of its own; `kind` is one of the script's. With the folder of a profile it leaves one there, and
 * `more` is set in its environment.
 */
export function startNode({ home }, kind, databaseUrl, { folder, script = 'http-server.mjs', more } = {}) {
  const name = `--cpu-prof-name=${script.replace('-server.mjs', '')}-${kind}.cpuprofile`;
  const profiling = folder ? ['--cpu-prof', `--cpu-prof-dir=${folder}`, name] : [];
  return startChild(script, { args: [kind], options: profiling, env: nodeEnvironment(home, databaseUrl, more) });
}

/** A script in a process of its own, until `stop`; `call` calls the functions that it gives to `answerCalls`. */
export async function startChild(script, { args = [], options = [], env } = {}) {
  // As `npm start` runs it.
  const flags = ['--max-semi-space-size=32', ...options];
  const child = spawn(process.execPath, [...flags, join(import.meta.dirname, script), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const [ready] = await Promise.race([
    once(child, 'message'),
    exited.then(() => Promise.reject(new Error(`${script} did not start`))),
  ]);
  return {
    ...ready,
    pid: child.pid,
    call: caller(child),
    stop: () => {
      child.disconnect();
      return exited;
    },
  };
}
