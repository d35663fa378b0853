import { HistoryService, OperationsService } from '../../src/documents/index.js';
import { startGiven } from '../support/given.js';
import { documentScene } from './scene.js';

describe('reports about documents', () => {
  const given = startGiven();

  async function scene() {
    const base = await documentScene(given);
    const { id } = await base.document({ content: 'one\n' });
    return { ...base, id, path: `/v1/documents/${id}` };
  }

  it('count what there is of a document', async () => {
    const { http, path, documents, ada, id, member } = await scene();
    await documents.update(await member('bob', 'editor'), id, 1, { content: 'two' });
    const note = { operationType: 'move', value: 1, applied: false } as const;
    await given.node.get(OperationsService).record(ada, id, note);
    await given.node.get(HistoryService).createSnapshot(ada, id);
    const { body } = await http.get<{ firstOperationAt: string; lastOperationAt: string }>(`${path}/stats`);
    expect(body).toMatchObject({ version: 2, bytes: 3, operations: 3, pendingOperations: 1, authors: 2, snapshots: 1, snapshotBytes: 3 }); // prettier-ignore
    expect(body.firstOperationAt <= body.lastOperationAt).toBe(true);
  });

  it('tell who wrote how much in the documents of a workspace', async () => {
    const { http, documents, document, id, member, workspaceId } = await scene();
    const bob = await member('bob', 'editor');
    await documents.update(bob, id, 1, { content: 'two' });
    await documents.update(bob, id, 2, { content: 'three' });
    await document();
    const path = `/v1/workspaces/${workspaceId}/documents/collaboration`;
    expect((await http.get(path)).body).toMatchObject({
      operations: 4,
      documents: 2,
      sharedDocuments: 1,
      authors: [
        { agentId: 'ada', operations: 2, documents: 2 },
        { agentId: 'bob', operations: 2, documents: 1 },
      ],
    });
    expect((await http.get(`${path}?days=0`)).status).toBe(400);
  });

  it('find nothing wrong in what Muster wrote, and each thing that is made wrong', async () => {
    const { http, path, documents, ada, id, rows } = await scene();
    for (let version = 1; version < 6; version++) await documents.update(ada, id, version, { content: `${version}` });
    const history = given.node.get(HistoryService);
    await history.createSnapshot(ada, id);
    await history.compact(ada, id, 3);
    const issues = async () => (await http.get<{ issues: { type: string }[] }>(`${path}/integrity`)).body.issues;
    expect(await issues()).toEqual([]);
    expect((await http.get(`${path}/integrity`)).body).toMatchObject({ checked: { operations: 4, snapshots: 2 } });

    const breakings: [string, string][] = [
      [`UPDATE document_operations SET sequence = 40 WHERE tenant_id = $1 AND document_id = $2 AND sequence = 6`, 'sequence_gap'], // prettier-ignore
      [`UPDATE document_operations SET vector_clock = '{}' WHERE tenant_id = $1 AND document_id = $2 AND sequence = 4`, 'missing_clock'], // prettier-ignore
      [`UPDATE document_snapshots SET version = 99 WHERE tenant_id = $1 AND document_id = $2 AND version = 2`, 'snapshot_not_monotonic'], // prettier-ignore
      [`UPDATE shared_documents SET content = 'x' WHERE tenant_id = $1 AND id = $2`, 'content_differs'],
    ];
    for (const [sql, type] of breakings) {
      await rows(sql, id);
      expect((await issues()).map((issue) => issue.type)).toContain(type);
    }
    expect((await issues()).map((issue) => issue.type)).toContain('snapshot_ahead');
  });
});
