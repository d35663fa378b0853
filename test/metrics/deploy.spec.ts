import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { startGiven } from '../support/given.js';

interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string };
}
interface Panel {
  title: string;
  type: string;
  targets?: { expr: string }[];
}

const root = join(__dirname, '..', '..');
const file = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');

/** What a query reads: its identifiers, without functions, operators, grouping, matchers, ranges and texts. */
function metricsOf(expression: string): string[] {
  const bare = expression
    .replace(/"[^"]*"|'[^']*'/g, '')
    .replace(/\{[^}]*\}|\[[^\]]*\]/g, '')
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, '');
  const names = bare.match(/[a-zA-Z_:][\w:]*(?!\w*\s*\()\b/g) ?? [];
  return [...new Set(names.filter((name) => !/^(and|or|unless|bool|offset)$/.test(name)))];
}

describe('deploy', () => {
  const given = startGiven();
  const { groups } = parse(file('deploy', 'prometheus', 'alerts.yml')) as { groups: { rules: Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);
  const { panels } = JSON.parse(file('deploy', 'grafana', 'muster.json')) as { panels: Panel[] };
  const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

  /** Every name of a series that the node serves. */
  async function served(): Promise<Set<string>> {
    const text = await (await fetch(`${given.node.url}/metrics`)).text();
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
    return new Set(
      types.flatMap(([, name = '', type]) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    );
  }

  it('finds the metrics of a query', () => {
    expect(metricsOf('sum by (le, x) (rate(a_total{b=~"c|d"}[5m])) > 0.1 * max(e) and absent(f)')).toEqual([
      'a_total',
      'e',
      'f',
    ]);
  });

  it('asks only for metrics that a node serves [S165]', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 2 });
    const [lease] = await tenant.claim(tenant.ada);
    await given.node.claims.complete(tenant.caller, { taskId: lease?.task.id ?? '', epoch: 1 });
    const names = await served();

    const asked = [...rules.map(({ expr }) => expr), ...queries].flatMap(metricsOf);

    expect(rules.length).toBeGreaterThan(9);
    expect(queries.length).toBeGreaterThan(20);
    expect(asked.length).toBeGreaterThan(40);
    expect(asked.filter((name) => !names.has(name))).toEqual([]);
  });

  it('says in the runbook what to do about each alert [S165]', () => {
    const runbook = file('docs', 'operations.md');
    const entries = [...runbook.matchAll(/^\| `(Muster\w+)` *\| .+ \| .+ \|$/gm)].map(([, name]) => name);

    expect(entries).toEqual(rules.map(({ alert }) => alert));
    for (const { labels, annotations } of rules) {
      expect(['warning', 'critical']).toContain(labels.severity);
      expect(annotations.summary).toMatch(/\.$/);
    }
  });

  it('names in the operations guide every metric of ours that is served', async () => {
    const guide = file('docs', 'operations.md');
    const names = [...(await served())].map((name) => name.replace(/^muster_|_(bucket|sum|count)$/g, ''));
    const ours = names.filter((name) => !/^(process|nodejs)_/.test(name));
    expect(ours.filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
  });
});
