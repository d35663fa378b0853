import type { Command } from 'commander';
import type { Client } from '../client.js';
import { action, type Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { UsageError } from '../failures.js';
import { Feed } from '../feed.js';
import { type DrainFigures, DrainStatistics } from '../fleet/drain-statistics.js';
import { type Drained, Fleet } from '../fleet/fleet.js';
import { History, RULES, type Verdict } from '../fleet/history.js';
import { range, type Range, rate, several, wholeNumber } from '../options.js';
import { count, facts } from '../text.js';

interface Options {
  agents: number;
  workspace: string;
  workMs: Range;
  failRate: number;
  dieRate: number;
  leaseSeconds: number;
  capabilities: string[];
}

/** A server may be restarted under the fleet. */
const PATIENCE_MS = 30_000;
const SHOWN_VIOLATIONS = 20;

export function addFleetCommand(program: Command): void {
  program
    .command('fleet')
    .description(
      'simulated agents that drain a workspace, and a verdict on the recorded history; --url may be given for several servers',
    )
    .option('--agents <n>', 'how many', wholeNumber(1, 10_000), 50)
    .option('--workspace <workspace>', 'which, by id or name', 'default')
    .option('--work-ms <range>', 'how long the work on a task takes', range, { least: 5, most: 50 })
    .option('--fail-rate <part>', 'part of the attempts that fail', rate, 0)
    .option('--die-rate <part>', 'part of the attempts at which the agent dies, holding the lease', rate, 0)
    .option('--lease-seconds <n>', 'how long a lease lasts without a heartbeat', wholeNumber(1, 86_400), 30)
    .option('--capabilities <words>', 'what the agents can do', several, [])
    .action(action(run));
}

async function run(context: Context, { workspace, ...options }: Options): Promise<ExitCode> {
  const [first, ...others] = context.clients(PATIENCE_MS);
  if (!first) throw new UsageError('No server is named.');
  const workspaceId = await context.workspaceId(first, workspace);
  const fleet = await Fleet.register([first, ...others], { ...options, workspaceId });

  let interrupted = false;
  process.once('SIGINT', () => {
    interrupted = true;
    fleet.interrupt();
  });
  const { told, agentIds, late, left } = await fleet.drain(context.output);
  const { figures, verdict } = await judge(first, workspaceId, agentIds, told);

  const servers = others.length + 1;
  const summary = { workspaceId, agents: options.agents, servers, interrupted, ...figures, late, left: left ?? null, verdict }; // prettier-ignore
  context.output.answer(summary, () => [summaryText(summary), verdictText(verdict)].join('\n'));
  if (!verdict.clean) return EXIT.unclean;
  return interrupted ? EXIT.interrupted : EXIT.ok;
}

/** Reads the workspace's whole log once, for the verdict and for the figures. */
async function judge(
  client: Client,
  workspaceId: string,
  agentIds: string[],
  told: Drained['told'],
): Promise<{ figures: DrainFigures; verdict: Verdict }> {
  const feed = await Feed.ofWorkspace(client, workspaceId);
  const history = new History(feed.floor);
  const statistics = new DrainStatistics(agentIds, told);
  for await (const event of feed.events()) {
    history.see(event);
    statistics.see(event);
  }
  return { figures: statistics.figures(), verdict: history.verdict(told) };
}

interface Summary extends DrainFigures {
  agents: number;
  servers: number;
  interrupted: boolean;
  late: Drained['late'];
  left: Drained['left'] | null;
}

function summaryText(summary: Summary): string {
  const { readyToClaimedMs: wait, late, left } = summary;
  return facts({
    fleet: `${count(summary.agents, 'agent')} on ${count(summary.servers, 'server')}${summary.interrupted ? ', interrupted' : ''}`,
    completed: `${count(summary.completed, 'task')} in ${summary.seconds.toFixed(1)} s, ${summary.perSecond} a second`,
    'ready to claimed': `p50 ${wait.p50} ms, p95 ${wait.p95} ms`,
    'longest chain': count(summary.longestChain, 'edge'),
    'lost leases': summary.lostLeases,
    'failed attempts': summary.failedAttempts,
    'failed tasks': summary.failed,
    'late completions': late.asked > 0 ? `${late.refused} of ${late.asked} refused` : undefined,
    left: left ? leftText(left) : summary.interrupted ? 'not looked at' : 'nothing',
  });
}

const leftText = ({ blocked, scheduled, beyond, ofOthers }: NonNullable<Drained['left']>): string =>
  [
    blocked > 0 && `${blocked} blocked by tasks that are not completed`,
    scheduled > 0 && `${scheduled} not due yet`,
    beyond > 0 && `${beyond} that need capabilities the fleet has not`,
    ofOthers > 0 && `${ofOthers} of others`,
  ]
    .filter(Boolean)
    .join(', ');

function verdictText(verdict: Verdict): string {
  const { events, claims, completions, answers, violations, violationCount, unknownBlockers } = verdict;
  const read = `${count(events, 'event')}, ${count(claims, 'claim')}, ${count(completions, 'completion')}, ${count(answers, 'answer')} to agents`;
  const unknown = unknownBlockers > 0 ? [`  ${unknownBlockers} blockers are not in this log and were not judged`] : [];
  if (verdict.clean) {
    return [`VERDICT clean: each task once, none before its blockers (${read})`, ...unknown].join('\n');
  }
  const lines = violations.slice(0, SHOWN_VIOLATIONS).map(({ rule, taskId, sequence, detail }) => {
    const where = [taskId && `task ${taskId}`, sequence !== undefined && `event ${sequence}`].filter(Boolean);
    return `  ${rule} (${RULES[rule]}): ${[...where, detail].join(', ')}`;
  });
  return [`VERDICT NOT CLEAN: ${count(violationCount, 'violation')} (${read})`, ...lines, ...unknown].join('\n');
}
