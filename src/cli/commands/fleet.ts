import type { Command } from 'commander';
import type { Client } from '../client.js';
import { action, type Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { UsageError } from '../failures.js';
import { Feed } from '../feed.js';
import { type DrainFigures, DrainStatistics } from '../fleet/drain-statistics.js';
import { finalRows } from '../fleet/final-rows.js';
import { type Drained, Fleet } from '../fleet/fleet.js';
import { range, type Range, rate, several, wholeNumber } from '../options.js';
import { count, facts } from '../text.js';
import { Checker } from '../verify/checker.js';
import { HistoryFile } from '../verify/history-files.js';
import type { HistoryLine } from '../verify/history-line.js';
import { Recorder } from '../verify/recorder.js';
import { verdictText } from '../verify/verdict-text.js';

interface Options {
  agents: number;
  workspace: string;
  workMs: Range;
  failRate: number;
  dieRate: number;
  leaseSeconds: number;
  capabilities: string[];
  history?: string;
}

/** A server may be restarted under the fleet. */
const PATIENCE_MS = 30_000;

/** What is before the id in the subject of an event of a task. */
const TASK = 'task/';
/** How often the tasks are read, when the log went on meanwhile. */
const TRIES_AT_REST = 3;

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
    .option(
      '--history <file>',
      'write down what every agent asked and was told, the log, and the tasks at the end, for muster verify, into a new file',
    )
    .action(action(run));
}

async function run(context: Context, { workspace, history, ...options }: Options): Promise<ExitCode> {
  const [first, ...others] = context.clients(PATIENCE_MS);
  if (!first) throw new UsageError('No server is named.');
  const workspaceId = await context.workspaceId(first, workspace);
  const record = new RunRecord(history);
  try {
    const fleet = await Fleet.register([first, ...others], { ...options, workspaceId }, record.recorder);
    let interrupted = false;
    process.once('SIGINT', () => {
      interrupted = true;
      fleet.interrupt();
    });
    const { firstLeases, agentIds, late, left } = await fleet.drain(context.output);
    const figures = await record.readLog(first, workspaceId, new DrainStatistics(agentIds, firstLeases));
    const verdict = record.checker.verdict();

    const servers = others.length + 1;
    const summary = { workspaceId, agents: options.agents, servers, interrupted, ...figures, late, left: left ?? null, verdict }; // prettier-ignore
    context.output.answer(summary, () => [summaryText(summary), verdictText(verdict)].join('\n'));
    if (!verdict.clean) return EXIT.unclean;
    return interrupted ? EXIT.interrupted : EXIT.ok;
  } finally {
    record.close();
  }
}

/** The run as it is written down: each line goes to the checker, and to the file that was asked for. */
class RunRecord {
  readonly checker = new Checker();
  readonly recorder = new Recorder((line) => this.see(line));
  private readonly file: HistoryFile | undefined;

  constructor(path: string | undefined) {
    this.file = path === undefined ? undefined : new HistoryFile(path);
  }

  /**
   * Reads the workspace's whole log, for the verdict and for the figures, and the tasks as they stand at its end. While
   * others keep changing them there is no such end, and the verdict is given without.
   */
  async readLog(client: Client, workspaceId: string, statistics: DrainStatistics): Promise<DrainFigures> {
    const feed = await Feed.ofWorkspace(client, workspaceId);
    this.see({ kind: 'feed', feed: workspaceId, after: feed.floor });
    const tasks = new Set<string>();
    const read = async (): Promise<number> => {
      let events = 0;
      for await (const event of feed.events()) {
        this.see({ kind: 'event', event });
        statistics.see(event);
        if (event.subject.startsWith(TASK)) tasks.add(event.subject.slice(TASK.length));
        events += 1;
      }
      return events;
    };
    await read();
    for (let tries = 0; tries < TRIES_AT_REST; tries++) {
      const rows = await finalRows(client, workspaceId, tasks);
      if ((await read()) > 0) continue;
      for (const task of rows) this.see({ kind: 'task', task });
      break;
    }
    return statistics.figures();
  }

  close(): void {
    this.file?.close();
  }

  private see(line: HistoryLine): void {
    this.checker.see(line);
    this.file?.write(line);
  }
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
