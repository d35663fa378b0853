import { type CreateDocument, DocumentsService, type DocumentView } from '../../src/documents/index.js';
import type { Caller } from '../../src/shared/auth/index.js';
import { MembersService, type Role, WorkspacesService } from '../../src/workspaces/index.js';
import type { Given } from '../support/given.js';

/** A tenant with a workspace of Ada's, and documents in it. */
export async function documentScene(given: Given) {
  const tenant = await given.tenant();
  const as = (actorId: string): Caller => ({ tenantId: tenant.tenantId, actorId, scopes: ['write'] });
  const ada = as('ada');
  const { id: workspaceId } = await given.node.get(WorkspacesService).create(ada, { name: 'lab' });
  const documents = given.node.get(DocumentsService);
  return {
    ...tenant,
    ada,
    workspaceId,
    documents,
    member: async (memberId: string, role: Role): Promise<Caller> => {
      await given.node.get(MembersService).add(ada, workspaceId, { memberId, role });
      return as(memberId);
    },
    stranger: as('eve'),
    /** Versioned and made by Ada unless said otherwise. */
    document: (more: Partial<CreateDocument> = {}) =>
      documents.create(ada, workspaceId, { title: 'Notes', kind: 'versioned', ...more }),
    posted: async (body: object = {}): Promise<DocumentView> => {
      const path = `/v1/workspaces/${workspaceId}/documents`;
      return (await tenant.http.post<DocumentView>(path, { title: 'Notes', kind: 'versioned', ...body })).body;
    },
    at: (version: number) => ({ headers: { 'if-match': `"${version}"` } }),
    /** Of the document, in the workspace's feed. */
    eventsOf: (id: string) =>
      tenant.rows<{ type: string; data: unknown }>(
        'SELECT type, data FROM events WHERE tenant_id = $1 AND feed_id = $2 AND subject_id = $3 ORDER BY seq',
        workspaceId,
        id,
      ),
  };
}
