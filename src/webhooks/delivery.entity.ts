import { Column, Entity, PrimaryColumn } from 'typeorm';

export const DELIVERY_STATUSES = ['pending', 'delivered', 'dead'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** One request to an endpoint, as the log keeps it. */
export interface DeliveryAttempt {
  /** RFC 3339, by the clock of the node that made it. */
  at: string;
  durationMs: number;
  /** Of the answer; null when there was none. */
  status: number | null;
  /** Why it counts as failed; null when it does not. */
  error: string | null;
  /** The beginning of the answer. */
  response: string | null;
}

/** One row of `webhook_deliveries`: an event on its way to an endpoint, and afterwards what became of it. */
@Entity('webhook_deliveries')
export class Delivery {
  @PrimaryColumn('uuid', { name: 'tenant_id' }) readonly tenantId: string;
  @PrimaryColumn('uuid', { name: 'webhook_id' }) readonly webhookId: string;
  @PrimaryColumn('uuid') readonly id: string;

  /** Its place in the queue of its endpoint. */
  @Column('bigint') readonly position: number;
  @Column('text', { name: 'event_id' }) readonly eventId: string;
  @Column('text') readonly type: string;
  @Column('timestamptz', { name: 'occurred_at' }) readonly occurredAt: Date;
  /** What is sent, to the byte; every attempt signs the same. */
  @Column('text') readonly body: string;

  @Column('text') readonly status: DeliveryStatus;
  /** Failed or successful, since it was recorded or redriven. */
  @Column('int') readonly attempts: number;
  /** When it is tried next; while a node has it, when others may take it. */
  @Column('timestamptz', { name: 'due_at' }) readonly dueAt: Date;
  /** Rises with every node that takes it; what an older one says of its outcome does not count. */
  @Column('int') readonly epoch: number;
  /** The newest twenty attempts, oldest first. */
  @Column('jsonb') readonly history: DeliveryAttempt[];
  @Column('timestamptz', { name: 'created_at' }) readonly createdAt: Date;
  @Column('timestamptz', { name: 'ended_at', nullable: true }) readonly endedAt: Date | null;
}
