import { Column, Entity, PrimaryColumn, VersionColumn } from 'typeorm';

export const DISABLED_REASONS = ['request', 'gone', 'failing'] as const;
/** Somebody asked for it; the endpoint answered 410 Gone; everything sent to it failed for days. */
export type DisabledReason = (typeof DISABLED_REASONS)[number];

/** One row of `webhooks`: an endpoint elsewhere that wants to be told what happens. */
@Entity('webhooks')
export class Webhook {
  @PrimaryColumn('uuid', { name: 'tenant_id' }) readonly tenantId: string;
  @PrimaryColumn('uuid') readonly id: string;

  /** Whose feed it follows; null follows the tenant's own and those of all its workspaces. */
  @Column('uuid', { name: 'workspace_id', nullable: true }) readonly workspaceId: string | null;
  @Column('text') url: string;
  /** Name and port of the URL, by which requests are limited and breakers kept. */
  @Column('text') host: string;
  @Column('text', { array: true }) types: string[];
  @Column('text', { array: true }) subjects: string[];
  @Column('boolean') ordered: boolean;
  @Column('text', { nullable: true }) description: string | null;

  @Column('boolean') enabled: boolean;
  /** When it was enabled, disabled, enabled and so on: what happened while it was enabled is sent to it. */
  @Column('timestamptz', { name: 'switched_at', array: true }) readonly switchedAt: Date[];
  @Column('text', { name: 'disabled_reason', nullable: true }) readonly disabledReason: DisabledReason | null;
  /** The first failure since anything was delivered, and how many attempts have failed since. */
  @Column('timestamptz', { name: 'failing_since', nullable: true }) readonly failingSince: Date | null;
  @Column('int') readonly failures: number;

  /** As `Secrets` keeps them. */
  @Column('text') readonly secret: string;
  @Column('text', { name: 'previous_secret', nullable: true }) readonly previousSecret: string | null;
  @Column('timestamptz', { name: 'previous_secret_until', nullable: true }) readonly previousSecretUntil: Date | null;

  @Column('text', { name: 'created_by' }) readonly createdBy: string;
  @Column('timestamptz', { name: 'created_at' }) readonly createdAt: Date;
  @Column('timestamptz', { name: 'updated_at' }) readonly updatedAt: Date;
  /** What happens to its deliveries is no change of it. */
  @VersionColumn() readonly version: number;
}
