import { IsIn, IsString, Length } from 'class-validator';
import { Nested, Omittable } from '../shared/http/index.js';
import { type Presence, PRESENCES, type PresenceStatus } from './presence.repository.js';

export class PresentOn {
  /** What kind of thing, such as `task` or `document`. */
  @IsString()
  @Length(1, 64)
  type: string;

  @IsString()
  @Length(1, 256)
  id: string;
}

export class UpdatePresence {
  @IsIn(PRESENCES)
  status: PresenceStatus;

  /** What the member is busy with; nothing in particular when left out. */
  @Omittable()
  @Nested(() => PresentOn)
  on?: PresentOn;
}

export class PresenceView {
  /** An agent's id, a key's id or an OIDC subject. */
  memberId: string;
  status: PresenceStatus;
  on: PresentOn | null;
  /** Since when the status is this; null for who never said anything. */
  since: Date | null;
  /** Until when it is so unless it is said again; null for who is offline. */
  expiresAt: Date | null;

  static of({ memberId, status, on, since, expiresAt }: Presence): PresenceView {
    return { memberId, status, on, since, expiresAt };
  }
}

export class PresenceList {
  /** Every member, in the order of their ids. */
  items: PresenceView[];
}
