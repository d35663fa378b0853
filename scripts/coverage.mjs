// Adds what the child processes of the tests have run (COVERAGE_OF_CHILDREN) to Jest's own coverage, prints the totals
// of src/ and fails below the goal: `node scripts/coverage.mjs <coverage-final.json> <directory of the children>`.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import coverage from 'istanbul-lib-coverage';
import sourceMaps from 'istanbul-lib-source-maps';

const GOAL = 85;

const [jest, directory] = process.argv.slice(2);
const read = (file) => JSON.parse(readFileSync(file, 'utf8'));

// All children have run the same instrumented code: their counts are added up before the source maps are applied, once.
// `merge` does the same by comparing places, in 170 ms a child.
const children = {};
const files = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith('.json')) : [];
for (const file of files) {
  for (const [path, one] of Object.entries(read(join(directory, file)))) {
    const sum = (children[path] ??= one);
    if (sum === one) continue;
    for (const [id, count] of Object.entries(one.s)) sum.s[id] += count;
    for (const [id, count] of Object.entries(one.f)) sum.f[id] += count;
    for (const [id, counts] of Object.entries(one.b)) counts.forEach((count, arm) => (sum.b[id][arm] += count));
  }
}

const all = coverage.createCoverageMap(read(jest));
const known = new Set(all.files());
const transformed = await sourceMaps.createSourceMapStore().transformCoverage(coverage.createCoverageMap(children));
// As Jest's went through a file: places are compared, and the end of a line is Infinity before and null after it.
const mapped = coverage.createCoverageMap(JSON.parse(JSON.stringify(transformed)));
mapped.filter((file) => known.has(file));
all.merge(mapped);

const summary = all.getCoverageSummary();
const below = [];
for (const kind of ['statements', 'branches', 'functions', 'lines']) {
  const { covered, total, pct } = summary[kind];
  console.log(`${kind.padEnd(10)} ${pct} % (${covered} of ${total})`);
  if (pct <= GOAL && (kind === 'branches' || kind === 'lines')) below.push(kind);
}
console.log(`with those of ${files.length} child processes`);
if (below.length > 0) console.error(`Not over ${GOAL} %: ${below.join(', ')}`);
process.exitCode = below.length > 0 ? 1 : 0;
