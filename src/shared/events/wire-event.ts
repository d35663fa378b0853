import { toCloudEvent } from './cloud-event.dto.js';
import type { LoggedEvent } from './event.js';

/** An event on its way to readers elsewhere: made into text once, however many they are. */
export class WireEvent {
  /** The CloudEvent, in one line. */
  readonly json: string;
  /** Of `json`, in UTF-8. */
  readonly bytes: number;

  constructor(readonly event: LoggedEvent) {
    this.json = JSON.stringify(toCloudEvent(event));
    this.bytes = Buffer.byteLength(this.json);
  }

  get seq(): number {
    return this.event.seq;
  }
}
