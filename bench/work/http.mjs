// The same over HTTP, 64 connections, server and client in processes of their own.
import { startNode } from '../child.mjs';
import { HttpClient } from '../http-client.mjs';
import { rate, rotated, Samples } from '../measure.mjs';
import { atLeast, table, whole } from '../report.mjs';
import { PARAMETERS, RESULT, TYPE } from '../task.mjs';

export const title = 'Over HTTP';

const CONNECTIONS = 64;
const COLUMN = 'rate';
const WARM_UP = 3_000;
const TASK = { type: TYPE, title: 'A task', parameters: PARAMETERS };
const BARE = 'a constant by bare Nest on Fastify';
const OWN = 'a constant by the same route';
const CREATE = 'create';
const DRAIN = 'claim and complete, two requests';
const NEXT = 'complete with claimNext';

export async function run({ servers, rounds, tasks, slice, profile }) {
  const url = await servers.database('http');
  const nodes = {
    [CREATE]: await startNode(servers, 'muster', url, profile),
    [OWN]: await startNode(servers, 'muster-constant', url, profile),
    [BARE]: await startNode(servers, 'nest-constant', url),
  };
  const clients = {};
  for (const [name, node] of Object.entries(nodes)) {
    clients[name] = await Promise.all(Array.from({ length: CONNECTIONS }, () => HttpClient.open(node.url)));
  }
  const agents = await registered(clients[CREATE][0]);
  const samples = new Samples();
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const name of rotated(Object.keys(nodes), round)) {
        const create = (count) => rate(count, CONNECTIONS, (worker) => clients[name][worker].post('/v1/tasks', TASK));
        const count = Math.min(tasks, round === 0 ? WARM_UP : Math.ceil(samples.estimate(name, COLUMN) * slice * 2));
        samples.add(name, COLUMN, await create(count));
        if (name !== CREATE) continue;
        samples.add(DRAIN, COLUMN, await drain(clients[name], agents, count >> 1));
        samples.add(NEXT, COLUMN, await drainWithNext(clients[name], agents, count - (count >> 1) - CONNECTIONS));
      }
      if (round === 0) samples.warmedUp();
      await servers.settle();
    }
  } finally {
    for (const client of Object.values(clients).flat()) client.close();
    for (const node of Object.values(nodes)) await node.stop();
  }
  const names = [CREATE, OWN, BARE, DRAIN, NEXT].filter((name) => samples.median(name, COLUMN));
  const rows = names.map((name) => [name, whole(samples.median(name, COLUMN))]);
  const share = (other) => samples.ratio(CREATE, other, COLUMN) * 100;
  return {
    tables: [
      { caption: `${CONNECTIONS} connections, requests or tasks a second`, text: table(['work', 'a second'], rows) },
    ],
    goals: [
      atLeast(`REST create, ${CONNECTIONS} connections, of ${BARE}`, share(BARE), 60, ' %'),
      atLeast(`REST create, ${CONNECTIONS} connections, of ${OWN}`, share(OWN), 60, ' %'),
    ],
  };
}

async function registered(client) {
  const agents = [];
  for (let i = 0; i < CONNECTIONS; i++) {
    agents.push((await client.post('/v1/agents', { name: `http-${i}` }, { parse: true })).id);
  }
  return agents;
}

async function claimed(client, agentId) {
  for (let tries = 0; tries < 1_000; tries++) {
    const { leases } = await client.post('/v1/tasks/claim', { agentId }, { parse: true });
    if (leases.length > 0) return leases[0];
  }
  throw new Error('No task is left to claim.');
}

const drain = (clients, agents, count) =>
  rate(count, CONNECTIONS, async (worker) => {
    const { task, epoch } = await claimed(clients[worker], agents[worker]);
    await clients[worker].post(`/v1/tasks/${task.id}/complete`, { epoch, result: RESULT });
  });

function drainWithNext(clients, agents, count) {
  const leases = [];
  let left = count;
  return rate(count, CONNECTIONS, async (worker) => {
    const [client, agentId] = [clients[worker], agents[worker]];
    const { task, epoch } = (leases[worker] ??= await claimed(client, agentId));
    const more = --left >= CONNECTIONS && { claimNext: { agentId } };
    const body = { epoch, result: RESULT, ...more };
    const answer = await client.post(`/v1/tasks/${task.id}/complete`, body, { parse: true });
    leases[worker] = answer.next;
  });
}
