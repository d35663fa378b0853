import { Column, Entity, PrimaryColumn, VersionColumn } from 'typeorm';

/** Versioned ones are written by version and merged; live ones by any number of Yjs replicas at once. */
export const DOCUMENT_KINDS = ['versioned', 'live'] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

export const CONTENT_TYPES = ['text', 'markdown', 'json', 'yaml', 'code'] as const;
export type ContentType = (typeof CONTENT_TYPES)[number];

/** One row of `shared_documents`. */
@Entity('shared_documents')
export class SharedDocument {
  @PrimaryColumn('uuid', { name: 'tenant_id' }) readonly tenantId: string;
  @PrimaryColumn('uuid') readonly id: string;
  @Column('uuid', { name: 'workspace_id' }) readonly workspaceId: string;
  @Column('text') readonly kind: DocumentKind;

  @Column('text') title: string;
  @Column('text', { name: 'content_type' }) contentType: ContentType;
  /** The whole text; of a live document as it was when it was last kept for readers. */
  @Column('text') content: string;
  /** Of the content. */
  @Column('int') bytes: number;
  /** Which author's how many changes it holds. */
  @Column('jsonb', { name: 'vector_clock' }) vectorClock: Record<string, number>;
  @Column('jsonb') labels: Record<string, string>;

  @VersionColumn() readonly version: number;
  @Column('text', { name: 'created_by' }) readonly createdBy: string;
  @Column('text', { name: 'last_modified_by' }) lastModifiedBy: string;
  @Column('timestamptz', { name: 'created_at' }) readonly createdAt: Date;
  @Column('timestamptz', { name: 'updated_at' }) readonly updatedAt: Date;
  @Column('timestamptz', { name: 'deleted_at', nullable: true }) readonly deletedAt: Date | null;
}
