import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/auth/index.js';
import { EventLog, toCloudEvent } from '../shared/events/index.js';
import { KeysetCursor } from '../shared/http/index.js';
import { EdgesRepository } from './edges.repository.js';
import { hasEnded } from './task-state.js';
import type { Task } from './task.entity.js';
import { TasksService } from './tasks.service.js';
import type { TimelineView } from './timeline.view.js';

const CURSOR = new KeysetCursor('timeline', ['number']);
/**
 * How much later than the task's last change its last event may stand in the log: the transaction may have waited for
 * the feed, or left its events beside the log.
 */
const SLACK_MS = 300_000;

/** What happened to a task, out of its workspace's feed. */
@Injectable()
export class TimelineService {
  constructor(
    private readonly tasks: TasksService,
    private readonly edges: EdgesRepository,
    private readonly log: EventLog,
  ) {}

  /**
   * Its events in order, a page at a time, and every attempt. Events have no index by task: the feed is read from the
   * task's creation on, and of a task that has ended up to its last change, found by binary search.
   * @throws NotFound
   */
  async get(caller: Caller, id: string, page: { after?: string; limit?: number } = {}): Promise<TimelineView> {
    const { tenantId } = caller;
    const [after] = CURSOR.decode(page.after) ?? [];
    const task = await this.tasks.get(caller, id);
    const { events, next } = await this.log.ofSubject(tenantId, task.workspaceId, id, {
      from: task.createdAt,
      to: await this.end(tenantId, task),
      after: after === undefined ? undefined : Number(after),
      limit: page.limit ?? 50,
    });
    return {
      items: events.map(toCloudEvent),
      attempts: await this.tasks.attempts(caller, id),
      hasMore: next !== undefined,
      nextCursor: next === undefined ? null : CURSOR.encode([next]),
    };
  }

  /** After the end only edges come; the latest that is there counts. */
  private async end(tenantId: string, task: Task): Promise<Date | undefined> {
    if (!hasEnded(task.status)) return undefined;
    const edges = await this.edges.list(tenantId, task.id);
    const times = [task.updatedAt, ...edges.map(({ createdAt }) => createdAt)].map((time) => time.getTime());
    return new Date(Math.max(...times) + SLACK_MS);
  }
}
