import type { IntegrityIssueView, IntegrityReportView } from '../../tasks/index.js';
import type { Client } from '../client.js';
import { count } from '../text.js';
import type { Check, Examination, Finding } from './finding.js';

export const integrityChecks: readonly Check[] = [{ name: 'integrity', run: ({ client }) => integrity(client) }];

/** Examples that a finding names. */
const SHOWN = 5;

/** The server's own report about the tasks of the tenant. */
async function integrity(client: Client): Promise<Examination> {
  const report = await client.get<IntegrityReportView>('/v1/tasks/integrity');
  const { tasks, edges, attempts } = report.checked;
  const detail = `${count(tasks, 'task')}, ${count(edges, 'edge')} and ${count(attempts, 'ended attempt')} checked`;
  const byType = new Map<string, IntegrityIssueView[]>();
  for (const issue of report.issues) byType.set(issue.type, [...(byType.get(issue.type) ?? []), issue]);
  return {
    detail,
    findings: [...byType.values()].flatMap(([first, ...more]) => (first ? finding(first, [first, ...more]) : [])),
  };
}

/** One finding for all issues of a type. */
export function finding(
  { type, severity, fix }: Pick<IntegrityIssueView, 'type' | 'severity' | 'fix'>,
  issues: readonly { id?: string; message: string }[],
): Finding {
  const shown = issues.slice(0, SHOWN).map(({ id, message }) => (id === undefined ? message : `${id} ${message}`));
  return { severity, what: `${type}, ${count(issues.length, 'time')}: ${shown.join('; ')}`, mend: fix };
}
