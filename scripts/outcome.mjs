// Of Jest's --json reports: the slowest files, and what failed and why.
import { readFileSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const SLOWEST = 12;
const LINES = 12;

const reports = process.argv.slice(2).map((file) => ({
  name: basename(file, '.json'),
  ...JSON.parse(readFileSync(file, 'utf8')),
}));
const head = (text) => stripVTControlCharacters(text).trim().split('\n').slice(0, LINES).join('\n    ');

for (const { name, testResults } of reports) {
  const timed = testResults.map(({ name: file, startTime, endTime }) => ({
    file,
    seconds: (endTime - startTime) / 1_000,
  }));
  timed.sort((one, other) => other.seconds - one.seconds);
  const slowest = timed.slice(0, SLOWEST).map(({ file, seconds }) => `${relative('.', file)} ${seconds.toFixed(0)} s`);
  console.log(`[${name}] slowest: ${slowest.join(', ')}`);
}
for (const { name, testResults } of reports) {
  for (const { name: file, status, message, assertionResults } of testResults) {
    const failed = assertionResults.filter((test) => test.status === 'failed');
    for (const { fullName, failureMessages } of failed) {
      console.log(`[${name}] ${relative('.', file)}: ${fullName}\n    ${head(failureMessages.join('\n'))}`);
    }
    if (status === 'failed' && failed.length === 0)
      console.log(`[${name}] ${relative('.', file)}\n    ${head(message)}`);
  }
}
