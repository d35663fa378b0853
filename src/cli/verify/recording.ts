import { type Method, MusterError, type ObservedCall, type Observer } from '@muster/client';
import type { WireHeartbeat, WireLease } from '../wire.js';
import type { LeaseOf } from './history-line.js';
import type { Asking, Recorder, Told } from './recorder.js';

/** What the rules speak of, by its name in a history. */
const OPERATIONS: Partial<Record<Method, string>> = {
  'task.claim': 'claim',
  'task.heartbeat': 'heartbeat',
  'task.progress': 'progress',
  'task.complete': 'complete',
  'task.fail': 'fail',
  'task.release': 'release',
};

/** What the answers to these calls have that belongs into a history. */
interface Answered {
  leases?: WireLease[];
  next?: WireLease;
  results?: WireHeartbeat[];
}

/** Writes down what an agent asks and is told. Repeats that the client makes by itself are one request. */
export function recording(agent: string, recorder: Recorder): Observer {
  return (call) => {
    const operation = OPERATIONS[call.method];
    if (operation === undefined) return () => undefined;
    const callId = recorder.call(askingOf(agent, operation, call));
    return (outcome) => {
      if ('result' in outcome) recorder.answer(callId, { status: 200, ...toldBy(outcome.result as Answered, call) });
      else if (!(outcome.error instanceof MusterError)) recorder.answer(callId, { lost: true });
      else recorder.answer(callId, { status: outcome.error.status, code: outcome.error.code });
    };
  };
}

function askingOf(agent: string, operation: string, { params, idempotencyKey: key }: ObservedCall): Asking {
  const { id, epoch, leases } = params as { id?: string; epoch?: number; leases?: LeaseOf[] };
  return {
    agent,
    operation,
    ...(id !== undefined && { taskId: id }),
    ...(epoch !== undefined && { epoch }),
    ...(leases && { leases }),
    ...(key !== undefined && { key }),
  };
}

function toldBy({ leases, next, results }: Answered, { params }: ObservedCall): Told {
  if (results) {
    const asked = params.leases as LeaseOf[];
    return { results: asked.map((held, index) => ({ ...held, ...codeOf(results[index]) })) };
  }
  const given = leases ?? (next ? [next] : undefined);
  return given ? { leases: given.map(({ task, epoch }) => ({ taskId: task.id, epoch })) } : {};
}

const codeOf = (result: WireHeartbeat | undefined): { code?: string } => (result?.code ? { code: result.code } : {});
