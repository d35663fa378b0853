import type { Command } from 'commander';
import type { AgentHeartbeat } from '../../agents/index.js';
import { action, type Context } from '../context.js';
import { type ListOptions, listOptions, printList } from '../list.js';
import { label, several, wholeNumber } from '../options.js';
import { facts } from '../text.js';
import type { Wire, WireAgent } from '../wire.js';

interface RegisterOptions {
  kind?: string;
  capabilities?: string[];
  capacity?: number;
  label?: Record<string, string>;
}

interface Filters extends ListOptions {
  status?: string[];
  kind?: string[];
  capabilities?: string[];
}

export function addAgentCommands(program: Command): void {
  const agent = program.command('agent').description('the agents of your tenant; <agent> is an id or a name');
  agent
    .command('register <name>')
    .description('make an agent, or change the one of this name')
    .option('--kind <kind>', 'agent, human or service')
    .option('--capabilities <words>', 'what it can do, such as typescript,review', several)
    .option('--capacity <n>', 'how many tasks it may hold at once', wholeNumber(1, 10_000))
    .option('--label <name=value>', 'a label of yours', label)
    .action(action(register));
  listOptions(agent.command('list').description('agents, oldest first'))
    .option('--status <statuses>', 'only those in one of these', several)
    .option('--kind <kinds>', 'only those of one of these', several)
    .option('--capabilities <words>', 'only those that have all of these', several)
    .action(action(list));
  agent.command('show <agent>').description('one agent').action(action(show));
  agent.command('heartbeat <agent>').description('say that it is alive').action(action(heartbeat));
  agent
    .command('status <agent> <status>')
    .description('take it out of service (draining, maintenance, inactive, …) or back (active)')
    .action(action(changeStatus));
}

async function register(context: Context, name: string, options: RegisterOptions): Promise<void> {
  const { label: labels, ...rest } = options;
  const body = { name, ...rest, ...(labels && { labels }) };
  // By its name it is the same agent again, so it may be sent twice.
  const agent = await context.client().post<WireAgent>('/v1/agents', body, { repeatable: true });
  context.output.answer(agent, () => describe(agent));
}

function list(context: Context, { status, kind, capabilities, ...options }: Filters): Promise<void> {
  const columns = {
    names: ['ID', 'NAME', 'KIND', 'STATUS', 'LAST SEEN', 'CAPABILITIES'],
    row: (one: WireAgent) => [one.id, one.name, one.kind, one.status, one.lastSeenAt, one.capabilities.join(' ')],
  };
  return printList(context, '/v1/agents', options, columns, { status, kind, capabilities });
}

async function show(context: Context, idOrName: string): Promise<void> {
  const client = context.client();
  const agent = await client.get<WireAgent>(`/v1/agents/${await context.agentId(client, idOrName)}`);
  context.output.answer(agent, () => describe(agent));
}

async function heartbeat(context: Context, idOrName: string): Promise<void> {
  const client = context.client();
  const path = `/v1/agents/${await context.agentId(client, idOrName)}/heartbeat`;
  const beat = await client.post<Wire<AgentHeartbeat>>(path, {}, { repeatable: true });
  context.output.answer(beat, () => `${beat.id} is ${beat.status}, last seen ${beat.lastSeenAt}`);
}

async function changeStatus(context: Context, idOrName: string, status: string): Promise<void> {
  const client = context.client();
  const agent = await client.post<WireAgent>(`/v1/agents/${await context.agentId(client, idOrName)}/status`, {
    status,
  });
  context.output.answer(agent, () => describe(agent));
}

const describe = (agent: WireAgent): string =>
  facts({
    id: agent.id,
    name: agent.name,
    kind: agent.kind,
    status: agent.status,
    capabilities: agent.capabilities.join(' ') || 'none',
    capacity: agent.capacity ?? 'no limit',
    'last seen': agent.lastSeenAt,
  });
