// npm run crash -- [--seconds N] [--runs N] [--seed S] [--agents N] [--followers N]
// [--redis]: the crash suite for as long as you like. A run that
// is not clean keeps its history, and ends with 1.
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { verdictText } from '../../src/cli/verify/verdict-text.js';
import { type CrashReport, crashRun } from './crash-run.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    runs: { type: 'string', default: '1' },
    seed: { type: 'string' },
    agents: { type: 'string', default: '40' },
    followers: { type: 'string', default: '0' },
    redis: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  let bad = 0;
  for (let run = 1; run <= Number(values.runs); run++) {
    const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed) + run - 1;
    console.log(`run ${run} of ${values.runs}, seed ${seed}`);
    const { redis } = values;
    const sizes = { agents: Number(values.agents), followers: Number(values.followers) };
    const report = await crashRun({ seed, redis, seconds: Number(values.seconds), ...sizes });
    const { verdict, audience, crashes } = report;
    if (!verdict.clean || audience.faults.length > 0 || crashes.length > 0) bad += 1;
    console.log(textOf(report));
  }
  console.log(bad === 0 ? `all ${values.runs} runs clean` : `${bad} of ${values.runs} runs NOT clean`);
  process.exitCode = bad === 0 ? 0 : 1;
}

function textOf({
  blows,
  crashes,
  completed,
  deaths,
  lostLeases,
  verdict,
  audience,
  source,
  file,
}: CrashReport): string {
  const struck = Object.entries(blows).map(([name, n]) => `${name} ${n}x`);
  return [
    `  backlog: ${source}; ${verdict.tasks} tasks, ${completed} completions`,
    `  ${struck.join(', ')}`,
    `  ${verdict.calls} calls, ${verdict.lost} lost, ${verdict.repeats} repeated, ${deaths} deaths, ${lostLeases} lost leases`,
    `  ${audience.followers} followers of ${audience.events} events, ${audience.connections} connections`,
    ...audience.faults.map((fault) => `  ${fault}`),
    ...crashes.map((crash) => `  A NODE ENDED BY ITSELF: ${crash}`),
    `  ${verdictText(verdict)}`,
    ...(verdict.clean ? [] : [`  history: ${file}`]),
  ].join('\n');
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
