import type { Command } from 'commander';
import { action, type Context } from '../context.js';
import { databaseChecks } from '../doctor/database-checks.js';
import { feedChecks } from '../doctor/feed-checks.js';
import type { Check, Examination, Patient } from '../doctor/finding.js';
import { integrityChecks } from '../doctor/integrity-check.js';
import { serverChecks } from '../doctor/server-checks.js';
import { workChecks } from '../doctor/work-checks.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { ApiError } from '../failures.js';
import { wholeNumber } from '../options.js';
import { visible } from '../text.js';

const CHECKS: readonly Check[] = [...serverChecks, ...workChecks, ...integrityChecks, ...feedChecks, ...databaseChecks];

interface Options {
  stuckAfter: number;
  events: number;
  database?: boolean;
}

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('look for what is wrong with a server and the work in it; says what, and how to mend it')
    .option('--stuck-after <minutes>', 'ready for so long counts as stuck', wholeNumber(1, 525_600), 10)
    .option('--events <n>', 'events to read of each feed at most', wholeNumber(1, 1_000_000_000), 100_000)
    .option('--database', 'also look into DATABASE_URL, or the embedded database: of all tenants, read only')
    .action(action(run));
}

async function run(context: Context, { stuckAfter, events, database }: Options): Promise<ExitCode> {
  const client = context.client();
  const patient = { client, stuckAfterMs: stuckAfter * 60_000, maxEvents: events, database: database === true };
  const checks: (Examination & { name: string })[] = [];
  for (const check of CHECKS) checks.push({ name: check.name, ...(await examine(check, patient)) });

  const problems = checks.flatMap(({ findings }) => findings).filter(({ severity }) => severity !== 'info');
  const report = { url: client.url, healthy: problems.length === 0, checks };
  context.output.answer(report, () => checks.map(checkText).join('\n'));
  return problems.length === 0 ? EXIT.ok : EXIT.unclean;
}

/** What the key may not see is left out, and said so. */
async function examine(check: Check, patient: Patient): Promise<Examination> {
  try {
    return await check.run(patient);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 403) throw error;
    return { detail: `the key may not: ${error.detail}`, findings: [], skipped: true };
  }
}

function checkText({ name, detail, findings, skipped }: Examination & { name: string }): string {
  const state = skipped ? 'skipped' : findings.some(({ severity }) => severity !== 'info') ? 'PROBLEM' : 'ok';
  const lines = findings.map(({ severity, what, mend }) => `  ${severity}: ${visible(what)}\n    ${visible(mend)}`);
  return [`${state.padEnd(8)} ${name}: ${visible(detail)}`, ...lines].join('\n');
}
