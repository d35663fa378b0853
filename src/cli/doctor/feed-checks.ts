import type { WorkspaceView } from '../../workspaces/index.js';
import { Feed } from '../feed.js';
import { count } from '../text.js';
import type { Check, Examination, Finding, Patient } from './finding.js';

export const feedChecks: readonly Check[] = [{ name: 'feeds', run: feeds }];

/** Reads the tenant's feed and those of its workspaces, and looks for numbers that are missing. */
async function feeds({ client, maxEvents }: Patient): Promise<Examination> {
  const findings: Finding[] = [];
  let read = await follow('the tenant', await Feed.ofTenant(client), maxEvents, findings);
  let workspaces = 0;
  for await (const { id, name } of client.all<WorkspaceView>('/v1/workspaces')) {
    workspaces += 1;
    read += await follow(`workspace ${name}`, await Feed.ofWorkspace(client, id), maxEvents, findings);
  }
  return { detail: `${count(read, 'event')} read in ${count(workspaces + 1, 'feed')}`, findings };
}

async function follow(whose: string, feed: Feed, maxEvents: number, findings: Finding[]): Promise<number> {
  let read = 0;
  let last = feed.floor;
  for await (const { sequence } of feed.events()) {
    if (sequence !== last + 1) findings.push(gap(whose, last, sequence));
    last = sequence;
    read += 1;
    if (read < maxEvents) continue;
    const what = `The feed of ${whose} was read up to event ${last} only.`;
    findings.push({ severity: 'info', what, mend: 'Read more of it with --events.' });
    break;
  }
  return read;
}

const gap = (whose: string, before: number, after: number): Finding => ({
  severity: 'error',
  what: `The feed of ${whose} has ${after} after ${before}.`,
  mend: 'Events were deleted or written past the log. Keep the database as it is, and report this.',
});
