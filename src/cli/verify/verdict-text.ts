import { count } from '../text.js';
import type { Verdict } from './checker.js';
import { type Rule, RULES, type Violation } from './rules.js';

const SHOWN_VIOLATIONS = 20;

/** A verdict for people: one line when it is clean, else what was found. */
export function verdictText(verdict: Verdict): string {
  const { events, claims, completions, answers, unknownBlockers, violationCount, violations } = verdict;
  const read = `${count(events, 'event')}, ${count(claims, 'claim')}, ${count(completions, 'completion')}, ${count(answers, 'answer')} to agents`;
  const unknown = unknownBlockers > 0 ? [`  ${unknownBlockers} blockers are not in this log and were not judged`] : [];
  if (verdict.clean) {
    return [`VERDICT clean: each task once, none before its blockers (${read})`, ...unknown].join('\n');
  }
  const lines = violations.slice(0, SHOWN_VIOLATIONS).map(violationText);
  const more = violationCount > lines.length ? [`  and ${violationCount - lines.length} more`] : [];
  return [`VERDICT NOT CLEAN: ${count(violationCount, 'violation')} (${read})`, ...lines, ...more, ...unknown].join(
    '\n',
  );
}

/** Every rule, with what it says and how often it was broken. */
export function rulesText({ rules, rows }: Verdict): string {
  const names = Object.keys(RULES) as Rule[];
  const width = Math.max(...names.map((name) => name.length));
  const state = (rule: Rule): string => {
    if (rules[rule] > 0) return `BROKEN ${rules[rule]}x`;
    return rule === 'row_disagrees' && rows === 0 ? 'not checked' : 'kept';
  };
  const wide = Math.max(...names.map((rule) => state(rule).length));
  return names.map((rule) => `${state(rule).padEnd(wide)}  ${rule.padEnd(width)}  ${RULES[rule]}`).join('\n');
}

function violationText({ rule, taskId, sequence, detail }: Violation): string {
  const where = [taskId && `task ${taskId}`, sequence !== undefined && `event ${sequence}`].filter(Boolean);
  return `  ${rule} (${RULES[rule]}): ${[...where, detail].join(', ')}`;
}
