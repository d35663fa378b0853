import { IsString, Length } from 'class-validator';
import type { JsonObject } from '../shared/errors/index.js';
import { IsJsonObject } from '../shared/http/index.js';

export class BroadcastMessage {
  /** Whatever is to be said; at most 16 KiB of JSON. */
  @IsJsonObject()
  message: JsonObject;
}

export class SendMessage extends BroadcastMessage {
  /** A member: an agent's id, a key's id or an OIDC subject. */
  @IsString()
  @Length(1, 256)
  to: string;
}
