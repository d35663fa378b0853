/** What one node tells the others: feeds with news by tenant, messages by channel, and whether some were lost before. */
export interface WakeMessage {
  node: string;
  feeds: [tenantId: string, feedIds: string[]][];
  broadcasts: [channel: string, payload: string][];
  lost: boolean;
}

/** PostgreSQL takes payloads of less than 8,000 bytes; the rest is room for the frame around the parts. */
export const MAX_PART_BYTES = 7_500;
const FRAME_BYTES = 200;

/** Texts of at most `MAX_PART_BYTES` and a frame each, which together say what `message` says. */
export function encodeWake(message: WakeMessage): string[] {
  const parts: WakeMessage[] = [];
  let part: WakeMessage | undefined;
  let size = 0;
  const room = (bytes: number): WakeMessage => {
    if (!part || size + bytes > MAX_PART_BYTES) {
      part = { node: message.node, feeds: [], broadcasts: [], lost: message.lost && parts.length === 0 };
      parts.push(part);
      size = 0;
    }
    size += bytes;
    return part;
  };

  if (message.lost) room(0);
  for (const broadcast of message.broadcasts) {
    room(Buffer.byteLength(JSON.stringify(broadcast)) + 1).broadcasts.push(broadcast);
  }
  for (const [tenantId, feedIds] of message.feeds) {
    for (const feedId of feedIds) {
      const { feeds } = room(FRAME_BYTES / 4);
      const last = feeds.at(-1);
      if (last?.[0] === tenantId) last[1].push(feedId);
      else {
        size += FRAME_BYTES / 4;
        feeds.push([tenantId, [feedId]]);
      }
    }
  }
  return parts.map((each) => JSON.stringify(each));
}

/** The message in a text, or undefined where the text is not one, such as what another program sent on the channel. */
export function decodeWake(text: string): WakeMessage | undefined {
  try {
    const { node, feeds, broadcasts, lost } = JSON.parse(text) as Partial<WakeMessage>;
    if (typeof node !== 'string' || !Array.isArray(feeds) || !Array.isArray(broadcasts)) return undefined;
    return { node, feeds, broadcasts, lost: lost === true };
  } catch {
    return undefined;
  }
}
