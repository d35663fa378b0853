/** What a command's end tells the script that ran it. The only table; `--help` and docs/cli.md show it. */
export const EXIT = { ok: 0, failed: 1, usage: 2, unreachable: 3, unclean: 4, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  0: 'done',
  1: 'refused or failed; standard error says which rule refused',
  2: 'the command line or the environment was not understood; nothing was done',
  3: 'the server, or the database, could not be reached',
  4: 'the command ran, and what it checked is not clean: the verdict of `fleet` and `verify`, the findings of `doctor`',
  130: 'interrupted by Ctrl-C',
};
