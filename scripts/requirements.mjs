// Which test proves which requirement. Tests carry `[S58]` in their names; docs/requirements.md has one line a number,
// and after its last dot stand the files of the tests, or the issue that will bring what is not built yet.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const root = join(import.meta.dirname, '..');

function specs(folder) {
  const names = readdirSync(join(root, folder), { recursive: true }).filter((name) => name.endsWith('.spec.ts'));
  return names.map((name) => `${folder}/${name}`).sort();
}

/** Number → the files whose tests name it. */
function proofs() {
  const found = new Map();
  for (const file of [...specs('src'), ...specs('test')]) {
    for (const [, number] of readFileSync(join(root, file), 'utf8').matchAll(/\[(S\d+)\]/g)) {
      found.set(number, (found.get(number) ?? new Set()).add(file));
    }
  }
  return found;
}

/**
 * The page with its links made anew.
 * @throws Error when a number has neither a test nor an issue, or a test names a number that does not exist
 */
export function withProofs(page) {
  const tests = proofs();
  const problems = [];
  const text = page.replace(/^- \*\*(S\d+)\*\* (.*) · (.*)$/gm, (_, number, requirement, before) => {
    const links = [...(tests.get(number) ?? [])].map((file) => `[${basename(file, '.spec.ts')}](../${file})`);
    tests.delete(number);
    if (links.length === 0 && !before.startsWith('issue ')) problems.push(`${number} lost its tests`);
    return `- **${number}** ${requirement} · ${links.join(', ') || before}`;
  });
  problems.push(...[...tests.keys()].map((number) => `${number} is no requirement`));
  if (problems.length > 0) throw new Error(`docs/requirements.md: ${problems.join('; ')}.`);
  return text;
}
