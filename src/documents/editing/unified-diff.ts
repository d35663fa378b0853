import { createTwoFilesPatch } from 'diff';

/** Beyond so many changed lines the whole text is shown as changed. */
const MAX_CHANGED_LINES = 2_000;

interface Named {
  name: string;
  content: string;
}

/** How two texts differ, in the unified format. */
export function unifiedDiff(before: Named, after: Named): string {
  const [one, other] = [before, after].map(({ name }) => name.replace(/\s+/g, ' ')) as [string, string];
  const options = { maxEditLength: MAX_CHANGED_LINES };
  const text = createTwoFilesPatch(one, other, before.content, after.content, undefined, undefined, options);
  return text ?? wholly(one, other, before.content, after.content);
}

function wholly(one: string, other: string, before: string, after: string): string {
  const all = (sign: string, text: string): string => text.replace(/^/gm, sign);
  const head = `--- ${one}\n+++ ${other}\n@@ -1,${before.split('\n').length} +1,${after.split('\n').length} @@\n`;
  return `${head}${all('-', before)}\n${all('+', after)}\n`;
}
