import type { RunningNode } from './given.js';

/** What a node tells under this name and these labels, as `sockets_open` or `sockets_closed_total{reason="idle"}`; 0 for nothing. */
export async function metric({ url }: Pick<RunningNode, 'url'>, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`muster_${name} `));
  return Number(line?.split(' ').at(-1) ?? 0);
}
