import { Follower, Refused, SILENCE_MS } from './follower.js';

/** Follows by server-sent events. */
export class SseFollower extends Follower {
  override readonly door = 'server-sent events';

  protected override async follow(url: string, signal: AbortSignal): Promise<void> {
    const { key, workspaceId } = this.followed;
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      const response = await fetch(`${url}/v1/workspaces/${workspaceId}/events/stream`, {
        headers: { authorization: `Bearer ${key}`, 'last-event-id': String(this.receipts.last) },
        signal: AbortSignal.any([signal, silence.signal]),
      });
      if (response.status < 500 && !response.ok) throw new Refused(await response.text());
      if (!response.ok || !response.body) return;
      let rest = '';
      for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
        timer.refresh();
        const frames = (rest + text).split('\n\n');
        rest = frames.pop() ?? '';
        for (const frame of frames) this.take(frame);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  private take(frame: string): void {
    const [, id, type = '', data = ''] = /^id: (\d+)\nevent: (\S+)\ndata: (.*)$/.exec(frame) ?? [];
    if (type.includes('.')) this.receipts.take(Number(id), JSON.stringify(JSON.parse(data)));
    else if (type === 'resync' && !data.includes('slow_consumer')) throw new Refused(data);
  }
}
