// `npm run check`: everything that can be said about the sources without a database. Two steps at a time, the longest
// first; a step is silent unless it fails.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const cache = 'node_modules/.cache/muster';
const STEPS = [
  ['eslint', 'eslint --max-warnings 0 .'],
  ['generated files', 'node scripts/build-when-changed.mjs && node scripts/generate-docs.mjs --check'],
  ['unit tests', 'jest --selectProjects unit'],
  [
    'tsc',
    `tsc -p clients/typescript && tsc -p tsconfig.json --noEmit --incremental --tsBuildInfoFile ${cache}/tsc.tsbuildinfo`,
  ],
  ['prettier', `prettier --check --log-level warn --cache --cache-location ${cache}/prettier .`],
  ['dependency-cruiser', 'depcruise --config .dependency-cruiser.cjs src migrations test bench examples clients'],
  ['knip', 'knip --no-progress'],
];

function run([name, command]) {
  const startedAt = performance.now();
  const PATH = `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`;
  const child = spawn('bash', ['-c', command], { cwd: root, env: { ...process.env, PATH, FORCE_COLOR: '0' } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  return new Promise((resolve) => {
    child.once('close', (code) => {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
      if (code !== 0) console.log(output.trimEnd().replace(/^/gm, '       '));
      resolve(code === 0 ? [] : [name]);
    });
  });
}

const failed = [];
const lanes = Array.from({ length: Math.min(availableParallelism(), STEPS.length) }, async () => {
  for (let step = STEPS.shift(); step; step = STEPS.shift()) failed.push(...(await run(step)));
});
await Promise.all(lanes);

if (failed.length > 0) console.log(`\nThe check failed: ${failed.join(', ')}.`);
process.exitCode = failed.length > 0 ? 1 : 0;
