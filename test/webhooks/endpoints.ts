import { scratchDatabase } from '../support/database.js';
import { type Given, startGiven, type Tenant } from '../support/given.js';
import type { Answer } from '../support/http-client.js';
import { type Receiver, type Respond, startReceiver } from '../support/receiver.js';
import { until } from '../support/until.js';

export interface EndpointBody {
  id: string;
  secret: string;
  version: number;
  enabled: boolean;
  disabledReason: string | null;
  failingSince: string | null;
  previousSecretUntil: string | null;
}
export interface DeliveryBody {
  id: string;
  eventId: string;
  type: string;
  status: string;
  attempts: number;
  dueAt: string | null;
  endedAt: string | null;
  history: { status: number | null; error: string | null; response: string | null; durationMs: number }[];
}

/** Loopback is allowed, and what fails is tried again at once, three times. */
export const AT_ONCE = {
  MUSTER_WEBHOOKS_ALLOW_PRIVATE: '127.0.0.1',
  MUSTER_WEBHOOKS_RETRY_SECONDS: '0,0,0',
  MUSTER_WEBHOOKS_TIMEOUT_MS: '3000',
};

/** Nodes that send, and endpoints on this machine, which end with the file. */
export function startEndpoints(settings: Record<string, string> = AT_ONCE, nodes = 1) {
  const given = startGiven({ nodes, settings, database: scratchDatabase });
  const receivers: Receiver[] = [];
  afterEach(() => Promise.all(receivers.splice(0).map((receiver) => receiver.stop())));
  return {
    given,
    async receiver(respond?: Respond): Promise<Receiver> {
      const receiver = await startReceiver(respond);
      receivers.push(receiver);
      return receiver;
    },
    tenant: () => sender(given),
  };
}

/** A tenant with what tests ask of its endpoints. */
async function sender(given: Given) {
  const tenant = await given.tenant();
  const { http } = tenant;
  const log = async (id: string, query = ''): Promise<DeliveryBody[]> =>
    (await http.get<{ items: DeliveryBody[] }>(`/v1/webhooks/${id}/deliveries?limit=500&${query}`)).body.items;
  return {
    ...tenant,
    http,
    log,
    register: (body: object): Promise<Answer<EndpointBody>> => http.post<EndpointBody>('/v1/webhooks', body),
    /** An endpoint for the tasks of the default workspace. */
    async endpoint(url: string, more: object = {}): Promise<EndpointBody> {
      const body = { url, workspaceId: tenant.workspace.id, types: ['task.created'], ...more };
      const { status, body: made } = await http.post<EndpointBody>('/v1/webhooks', body);
      if (status !== 201) throw new Error(JSON.stringify(made));
      return made;
    },
    get: async (id: string): Promise<EndpointBody> => (await http.get<EndpointBody>(`/v1/webhooks/${id}`)).body,
    /** Tasks made one after the other; their titles stand in the events. */
    async tasks(...titles: string[]): Promise<void> {
      for (const title of titles) await tenant.task({ title });
    },
    /** The log once every delivery in it has ended, oldest first. */
    ended: (id: string, count: number): Promise<DeliveryBody[]> =>
      until(async () => {
        const all = await log(id);
        return all.length >= count && all.every(({ status }) => status !== 'pending') ? all.reverse() : undefined;
      }),
  };
}

export type Sender = Awaited<ReturnType<typeof sender>> & Tenant;

export const titlesOf = (receiver: Receiver): unknown[] =>
  receiver.received.map(({ event }) => (event.data as { title?: string }).title);
