import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { EXIT_MEANINGS } from './exit-codes.js';
import { createProgram } from './program.js';

const PAGE = readFileSync(join(__dirname, '..', '..', 'docs', 'cli.md'), 'utf8').replace(/ +/g, ' ');

/** Every command that does something, with the words in front of it. */
function commands(command: Command, words = 'muster'): [name: string, command: Command][] {
  if (command.commands.length === 0) return [[words, command]];
  return command.commands.flatMap((one) => commands(one, `${words} ${one.name()}`));
}

describe('docs/cli.md', () => {
  it.each(commands(createProgram()))('shows %s with all its options', (name, command) => {
    expect(PAGE).toContain(`\`${name}`);
    for (const { long } of command.options) expect(PAGE).toContain(`\`${long}`);
  });

  it.each(Object.entries(EXIT_MEANINGS))('has the exit code %s', (code, meaning) => {
    expect(PAGE).toContain(`| ${code} | ${meaning} |`);
  });
});

describe('--help', () => {
  it('shows the exit codes and the options that every command has', () => {
    let text = '';
    createProgram()
      .configureOutput({ writeOut: (part) => (text += part) })
      .outputHelp();
    expect(text).toMatch(/--json .*--url .*--key .*Exit codes:\n {2}0 {4}done\n.* {2}130 +interrupted/s);
  });
});
