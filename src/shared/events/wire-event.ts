import type { JsonObject } from '../errors/index.js';
import { type CloudEvent, cloudEventText, toCloudEvent } from './cloud-event.dto.js';
import type { LoggedEvent } from './event.js';

/** An event on its way to readers elsewhere: made into text once, however many they are. */
export class WireEvent {
  /** Of `json`, in UTF-8. */
  readonly bytes: number;

  /** @param json the CloudEvent, in one line */
  constructor(
    readonly event: LoggedEvent,
    readonly json: string = JSON.stringify(toCloudEvent(event)),
  ) {
    this.bytes = Buffer.byteLength(json);
  }

  /** Of an event whose data is the text that the database keeps, which is not parsed. */
  static of(head: Omit<LoggedEvent, 'data'>, data: string | null): WireEvent {
    const json = cloudEventText(head, data ?? 'null');
    return new WireEvent(new UnparsedEvent(head, json), json);
  }

  get seq(): number {
    return this.event.seq;
  }
}

/** Its data is parsed for who asks for it, which few do. */
class UnparsedEvent implements LoggedEvent {
  readonly tenantId: string;
  readonly feedId: string;
  readonly seq: number;
  readonly type: string;
  readonly subjectType: string;
  readonly subjectId: string;
  readonly actorId: string | null;
  readonly time: Date;
  readonly trace: string | null;

  constructor(
    head: Omit<LoggedEvent, 'data'>,
    private readonly json: string,
  ) {
    this.tenantId = head.tenantId;
    this.feedId = head.feedId;
    this.seq = head.seq;
    this.type = head.type;
    this.subjectType = head.subjectType;
    this.subjectId = head.subjectId;
    this.actorId = head.actorId;
    this.time = head.time;
    this.trace = head.trace;
  }

  get data(): JsonObject | null {
    return (JSON.parse(this.json) as CloudEvent).data;
  }
}
