import { Command, CommanderError } from 'commander';
import { version } from '../../package.json';
import { addAgentCommands } from './commands/agent.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addFleetCommand } from './commands/fleet.js';
import { addImportCommand } from './commands/import.js';
import { addKeyCommands } from './commands/key.js';
import { addServerCommands } from './commands/server.js';
import { addTaskCommands } from './commands/task.js';
import { addTenantCommands } from './commands/tenant.js';
import { addVerifyCommand } from './commands/verify.js';
import { EXIT, EXIT_MEANINGS, type ExitCode } from './exit-codes.js';
import { failureOf } from './failures.js';
import { httpUrl } from './options.js';
import { Output } from './output.js';

/** The `muster` command with everything below it. */
export function createProgram(json = false): Command {
  const program = new Command('muster')
    .description('Work shared by fleets of AI agents: run the server, and use it.')
    .version(version)
    .option('--json', 'answer with JSON: one document, or one a line where the answer is a stream')
    .option('--url <url>', 'server to call; default: MUSTER_URL, else the one last started here', httpUrl)
    .option('--key <key>', 'API key; default: MUSTER_KEY, else the one in <MUSTER_HOME>/credentials.json')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', exitCodes())
    .exitOverride();
  // Under --json a refusal is told as JSON at the end, so commander's own words about it stay unsaid.
  if (json) program.configureOutput({ writeErr: () => undefined });

  addServerCommands(program);
  addTenantCommands(program);
  addKeyCommands(program);
  addAgentCommands(program);
  addTaskCommands(program);
  addImportCommand(program);
  addFleetCommand(program);
  addVerifyCommand(program);
  addDoctorCommand(program);
  return program;
}

/** Runs one command; `process.exitCode` tells how it went. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  const json = argv.includes('--json');
  // `muster task list | head` closes our output; that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : EXIT.failed));
  try {
    await createProgram(json).parseAsync(argv);
  } catch (error) {
    process.exitCode = tell(error, new Output(json));
  }
}

function tell(error: unknown, output: Output): ExitCode {
  if (!(error instanceof CommanderError)) {
    const failure = failureOf(error);
    output.failure(failure);
    return failure.exitCode;
  }
  // Help and version were asked for and printed; everything else of commander's is about the command line.
  if (error.exitCode === 0) return EXIT.ok;
  const detail = error.message.replace(/^error: /, '');
  if (output.json) output.failure({ document: { error: { code: 'usage', detail } }, text: detail });
  return EXIT.usage;
}

function exitCodes(): string {
  const rows = Object.entries(EXIT_MEANINGS).map(([code, meaning]) => `  ${code.padEnd(4)} ${meaning}`);
  return `\nExit codes:\n${rows.join('\n')}`;
}
