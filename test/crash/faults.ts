import type { Rule } from '../../src/cli/verify/rules.js';
import { query } from '../support/database.js';
import type { Mission } from './crash-agent.js';

/** Makes the database right again. */
type Mend = () => Promise<unknown>;

/** A defect as a service may have it, planted in the database of one run. */
export interface Fault {
  name: string;
  /** The rules that speak of it; each must be broken. */
  breaks: Rule[];
  plant?: (url: string) => Promise<Mend>;
  /** Done again and again while the agents work. */
  sabotage?: string;
  /** Its symptom needs agents that behave so. */
  mission?: Partial<Mission>;
  /** Fewer than agents are given back to others at once. */
  tasks?: number;
  /** How long the agents must work for it to show. */
  forMs?: number;
}

/** Many come back to what others hold by then. */
const FORGETFUL: Partial<Mission> = { releases: 0.7, workMs: 200, creating: false };

export const FAULTS: readonly Fault[] = [
  {
    name: 'a completion does not look at the epoch',
    breaks: ['stale_accepted', 'told_but_not_done'],
    plant: (url) => change(url, 'task_complete', /AND epoch = p_epochs\[i\]/g, ''),
    mission: FORGETFUL,
    tasks: 30,
    forMs: 3_500,
  },
  {
    name: 'a heartbeat does not look at the epoch',
    breaks: ['stale_accepted'],
    plant: (url) => change(url, 'task_heartbeat', /AND t\.epoch = p_epochs\[i\]/g, ''),
    mission: FORGETFUL,
    tasks: 30,
    forMs: 3_500,
  },
  {
    name: 'a claim takes what others hold',
    breaks: ['claimed_while_held'],
    plant: (url) =>
      change(url, 'task_pick', /(lane = v_look\[l\] AND status) = 'pending'/g, "$1 IN ('pending', 'in_progress')"),
  },
  {
    name: 'a claim leaves the epoch as it is',
    breaks: ['epoch_not_rising'],
    plant: (url) => change(url, 'task_take', /epoch = t\.epoch \+ 1/g, 'epoch = greatest(t.epoch, 1)'),
    mission: { releases: 0.5, creating: false },
    tasks: 30,
  },
  {
    name: 'dependants are let go when their blocker is claimed',
    breaks: ['claimed_before_blocker'],
    plant: (url) =>
      trigger(
        url,
        'BEFORE UPDATE',
        'tasks',
        `
        NEW.open_blockers := greatest(NEW.open_blockers, 0);
        IF NEW.status = 'in_progress' AND OLD.status <> 'in_progress' THEN
          UPDATE tasks t SET open_blockers = t.open_blockers - 1 FROM task_edges e
            WHERE e.tenant_id = NEW.tenant_id AND e.blocker_id = NEW.id AND e.kind = 'blocks'
              AND t.tenant_id = NEW.tenant_id AND t.id = e.blocked_id AND t.open_blockers > 0;
        END IF;`,
      ),
  },
  {
    name: 'dependants are let go in another transaction, which is sometimes lost',
    breaks: ['row_disagrees'],
    plant: (url) =>
      trigger(
        url,
        'BEFORE UPDATE',
        'tasks',
        `
        IF NEW.open_blockers < OLD.open_blockers AND random() < 0.3 THEN
          NEW.open_blockers := OLD.open_blockers;
        END IF;`,
      ),
  },
  {
    name: 'interactive claims are taken away',
    breaks: ['interactive_taken'],
    sabotage: `UPDATE tasks SET claim_kind = 'agent' WHERE claim_kind = 'interactive' AND lease_expires_at IS NOT NULL`,
    mission: { interactive: 0.6, deaths: 0.5 },
    forMs: 3_500,
  },
  {
    name: 'what was answered to a key is forgotten',
    breaks: ['repeat_answered_otherwise'],
    plant: (url) =>
      trigger(url, 'AFTER UPDATE', 'idempotency_keys', 'DELETE FROM idempotency_keys k WHERE k.key = NEW.key;'),
    mission: { repeats: 0.5 },
  },
  {
    name: 'a completed task comes back',
    breaks: ['claimed_when_done'],
    sabotage: `UPDATE tasks SET status = 'pending', priority = 0, ready_at = 'epoch' WHERE id =
      (SELECT id FROM tasks WHERE status = 'completed' ORDER BY completed_at DESC LIMIT 1)`,
  },
  {
    name: 'an event is deleted',
    breaks: ['sequence_gap'],
    sabotage: `DELETE FROM events WHERE seq = 20 AND type LIKE 'task.%'`,
  },
];

/** Writes a function of the service anew, as one of the wrong ones it might have been. */
async function change(url: string, name: string, right: RegExp, wrong: string): Promise<Mend> {
  const [row] = await query<{ source: string }>(url, `SELECT pg_get_functiondef($1::regproc) AS source`, [name]);
  const source = row?.source ?? '';
  const changed = source.replace(right, wrong);
  if (changed === source) throw new Error(`The fault does not fit ${name} any more: ${right} is not there.`);
  await query(url, changed);
  return () => query(url, source);
}

async function trigger(url: string, when: string, table: string, body: string): Promise<Mend> {
  await query(
    url,
    `CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} RETURN NEW; END $$;
     CREATE TRIGGER planted ${when} ON ${table} FOR EACH ROW EXECUTE FUNCTION planted()`,
  );
  return () => query(url, 'DROP FUNCTION planted CASCADE');
}
