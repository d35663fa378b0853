import type { Command } from 'commander';
import { action, type Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { count, facts } from '../text.js';
import { Checker } from '../verify/checker.js';
import { readHistory } from '../verify/history-files.js';
import { rulesText, verdictText } from '../verify/verdict-text.js';

export function addVerifyCommand(program: Command): void {
  program
    .command('verify <history...>')
    .description(
      'judge recorded histories: what agents asked and were told, against the event log. Files of JSON Lines, or folders of them; what they hold is described in docs/verify.md. Asks no server',
    )
    .action(action(verify));
}

async function verify({ output }: Context, paths: string[]): Promise<ExitCode> {
  const checker = new Checker();
  const { files, lines, torn } = await readHistory(paths, checker);
  const verdict = checker.verdict();
  output.answer({ files, lines, torn, ...verdict }, () => {
    const read = facts({
      history: `${count(lines, 'line')} of ${count(files.length, 'file')}`,
      tasks: verdict.tasks,
      calls: `${count(verdict.calls, 'call')}, ${verdict.lost} without an answer, ${verdict.repeats} repeated`,
      'final rows': verdict.rows,
      'torn files': torn.length > 0 ? torn.join(', ') : undefined,
    });
    return [read, rulesText(verdict), verdictText(verdict)].join('\n\n');
  });
  return verdict.clean ? EXIT.ok : EXIT.unclean;
}
