import { closeSync, mkdtempSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServerLog } from '../../src/shared/database/embedded/server-log.js';

const MIB = 1024 * 1024;

describe('embedded PostgreSQL: its log file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-log-'));
  const log = new ServerLog(join(folder, 'postgres.log'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('never holds more than two files of 8 MiB, while a server has it open', () => {
    const server = log.openForAppend();
    for (let written = 0; written < 40; written += 1) {
      writeSync(server, `${'x'.repeat(MIB - 1)}\n`);
      log.bound();
      expect(log.size()).toBeLessThanOrEqual(8 * MIB);
    }
    closeSync(server);
    expect(statSync(`${log.path}.1`).size).toBeLessThanOrEqual(9 * MIB);
  });

  it('quotes what came last, and only what came after a mark', () => {
    const server = log.openForAppend();
    const mark = log.size();
    writeSync(server, 'FATAL:  one\nFATAL:  two\n');
    closeSync(server);
    expect(log.since(mark)).toBe('FATAL:  one\nFATAL:  two');
    expect(log.since(log.size())).toBe('');
  });
});
