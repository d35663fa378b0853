import type { Client } from '../client.js';

export interface Finding {
  /** `error`: something is broken. `warning`: it will not mend itself. `info`: worth knowing. */
  severity: 'error' | 'warning' | 'info';
  what: string;
  mend: string;
}

/** What a check saw. */
export interface Examination {
  /** In a few words, found or not. */
  detail: string;
  findings: Finding[];
  /** It could not be done; `detail` says why. */
  skipped?: boolean;
}

export interface Patient {
  client: Client;
  /** Ready for longer than this counts as stuck. */
  stuckAfterMs: number;
  /** Events that are read of each feed at most. */
  maxEvents: number;
  /** Also looks into the database itself. */
  database: boolean;
}

export interface Check {
  name: string;
  run(patient: Patient): Promise<Examination>;
}

export const healthy = (detail: string): Examination => ({ detail, findings: [] });
