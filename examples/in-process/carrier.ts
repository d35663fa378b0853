import { setTimeout as pause } from 'node:timers/promises';

/** Whoever drives the parcels: a service of somebody else's, outside of every transaction. */
export interface Carrier {
  /**
   * Books a parcel and answers its tracking code. A second booking under the same reference answers the same code, so a
   * worker that died after the first one may repeat it.
   */
  book(reference: string, signal: AbortSignal): Promise<string>;
}

/** Under this token the carrier is injected. */
export const CARRIER = Symbol('carrier');

/** A carrier that is always there and takes a moment. */
export const localCarrier: Carrier = {
  async book(reference, signal) {
    await pause(50, undefined, { signal });
    return `PARCEL-${reference.slice(-8)}`;
  },
};
