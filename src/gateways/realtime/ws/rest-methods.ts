/** A method that calls a route. */
export interface RestMethod {
  readonly name: string;
  readonly verb: string;
  readonly path: string;
  /** Names in the path, which are parameters. */
  readonly ids: readonly string[];
  /** Where the other parameters go; nowhere when the route takes none. */
  readonly rest: 'query' | 'body' | undefined;
  /** Whether the route asks for `If-Match`. */
  readonly versioned: boolean;
  /** Whether it only reads: its answer can be much larger than the request. */
  readonly reads: boolean;
}

/**
 * What each method calls: verb, path, what takes the parameters that are not in the path, whether it changes a
 * version that was read, and whether it only reads although it is no GET. A test holds the table against docs/openapi.json.
 */
const ROUTES: Readonly<Record<string, string>> = {
  'workspace.create': 'POST /v1/workspaces body',
  'workspace.list': 'GET /v1/workspaces query',
  'workspace.get': 'GET /v1/workspaces/{id}',
  'workspace.update': 'PATCH /v1/workspaces/{id} body versioned',
  'workspace.delete': 'DELETE /v1/workspaces/{id}',
  'workspace.join': 'POST /v1/workspaces/{id}/join body',
  'workspace.leave': 'POST /v1/workspaces/{id}/leave',
  'workspace.broadcast': 'POST /v1/workspaces/{id}/broadcast body',
  'workspace.message': 'POST /v1/workspaces/{id}/messages body',
  'workspace.listMembers': 'GET /v1/workspaces/{id}/members query',
  'workspace.getMember': 'GET /v1/workspaces/{id}/members/{member}',
  'workspace.addMember': 'POST /v1/workspaces/{id}/members body',
  'workspace.updateMember': 'PATCH /v1/workspaces/{id}/members/{member} body versioned',
  'workspace.removeMember': 'DELETE /v1/workspaces/{id}/members/{member}',
  'workspace.getState': 'GET /v1/workspaces/{id}/state query',
  'workspace.updateState': 'PUT /v1/workspaces/{id}/state body versioned',
  'workspace.getStateHistory': 'GET /v1/workspaces/{id}/state/history query',
  'workspace.restoreState': 'POST /v1/workspaces/{id}/state/restore body versioned',
  'workspace.getSharedState': 'GET /v1/workspaces/{id}/shared-state',
  'workspace.changeSharedState': 'POST /v1/workspaces/{id}/shared-state/operations body',
  'workspace.mergeState': 'POST /v1/workspaces/{id}/shared-state/merge body',
  'workspace.getSharedStateDelta': 'GET /v1/workspaces/{id}/shared-state/deltas query',
  'workspace.listActivity': 'GET /v1/workspaces/{id}/activity query',
  'workspace.recordActivity': 'POST /v1/workspaces/{id}/activity body',
  'workspace.getPresence': 'GET /v1/workspaces/{id}/presence',
  'workspace.updatePresence': 'PUT /v1/workspaces/{id}/presence body',
  'workspace.getLock': 'GET /v1/workspaces/{id}/lock',
  'workspace.lock': 'POST /v1/workspaces/{id}/lock body',
  'workspace.renewLock': 'POST /v1/workspaces/{id}/lock/renew body',
  'workspace.unlock': 'DELETE /v1/workspaces/{id}/lock query',
  'workspace.forceUnlock': 'POST /v1/workspaces/{id}/lock/force-release',
  'workspace.stats': 'GET /v1/workspaces/{id}/stats',
  'workspace.collaboration': 'GET /v1/workspaces/{id}/collaboration query',
  'workspace.integrity': 'GET /v1/workspaces/{id}/integrity',
  'workspace.archive': 'POST /v1/workspaces/{id}/archive',
  'workspace.unarchive': 'POST /v1/workspaces/{id}/unarchive',
  'workspace.purge': 'POST /v1/workspaces/purge body',
  'workspace.events': 'GET /v1/workspaces/{id}/events query',
  'event.list': 'GET /v1/events query',

  'document.create': 'POST /v1/workspaces/{id}/documents body',
  'document.list': 'GET /v1/documents query',
  'document.search': 'GET /v1/documents/search query',
  'document.get': 'GET /v1/documents/{id}',
  'document.update': 'PUT /v1/documents/{id} body versioned',
  'document.applyOperations': 'POST /v1/documents/{id}/edits body',
  'document.diff': 'GET /v1/documents/{id}/diff query',
  'document.blame': 'GET /v1/documents/{id}/blame',
  'document.listConflicts': 'GET /v1/documents/{id}/conflicts query',
  'document.recordConflict': 'POST /v1/documents/{id}/conflicts body',
  'document.resolveConflict': 'POST /v1/documents/{id}/conflicts/{conflictId}/resolve body',
  'document.suggest': 'POST /v1/documents/{id}/suggestions body',
  'document.listSuggestions': 'GET /v1/documents/{id}/suggestions query',
  'document.getSuggestion': 'GET /v1/documents/{id}/suggestions/{suggestionId}',
  'document.acceptSuggestion': 'POST /v1/documents/{id}/suggestions/{suggestionId}/accept body',
  'document.rejectSuggestion': 'POST /v1/documents/{id}/suggestions/{suggestionId}/reject body',
  'document.delete': 'DELETE /v1/documents/{id}',
  'document.getVersion': 'GET /v1/documents/{id}/content query',
  'document.restore': 'POST /v1/documents/{id}/restore body versioned',
  'document.sync': 'GET /v1/documents/{id}/operations query',
  'document.recordOperation': 'POST /v1/documents/{id}/operations body',
  'document.markOperationApplied': 'POST /v1/documents/{id}/operations/{operationId}/applied',
  'document.compactOperations': 'POST /v1/documents/{id}/operations/compact body',
  'document.listSnapshots': 'GET /v1/documents/{id}/snapshots query',
  'document.createSnapshot': 'POST /v1/documents/{id}/snapshots body',
  'document.getSnapshot': 'GET /v1/documents/{id}/snapshots/{snapshotId}',
  'document.purgeSnapshots': 'POST /v1/documents/{id}/snapshots/purge body',
  'document.lock': 'POST /v1/documents/{id}/locks body',
  'document.renewLock': 'POST /v1/documents/{id}/locks/{lockId}/renew body',
  'document.unlock': 'DELETE /v1/documents/{id}/locks/{lockId}',
  'document.forceUnlock': 'POST /v1/documents/{id}/locks/{lockId}/force-release',
  'document.listLocks': 'GET /v1/documents/{id}/locks',
  'document.ownLocks': 'GET /v1/documents/locks',
  'document.stats': 'GET /v1/documents/{id}/stats',
  'document.integrity': 'GET /v1/documents/{id}/integrity',
  'document.collaboration': 'GET /v1/workspaces/{id}/documents/collaboration query',

  'agent.register': 'POST /v1/agents body',
  'agent.discover': 'GET /v1/agents query',
  'agent.get': 'GET /v1/agents/{id}',
  'agent.update': 'PATCH /v1/agents/{id} body versioned',
  'agent.delete': 'DELETE /v1/agents/{id}',
  'agent.heartbeat': 'POST /v1/agents/{id}/heartbeat',
  'agent.status': 'POST /v1/agents/{id}/status body',

  'task.create': 'POST /v1/tasks body',
  'task.createBatch': 'POST /v1/tasks/batch body',
  'task.import': 'POST /v1/tasks/import body',
  'task.list': 'GET /v1/tasks query',
  'task.get': 'GET /v1/tasks/{id}',
  'task.getBatch': 'POST /v1/tasks/get body reads',
  'task.update': 'PATCH /v1/tasks/{id} body versioned',
  'task.delete': 'DELETE /v1/tasks/{id}',
  'task.claim': 'POST /v1/tasks/claim body',
  'task.heartbeat': 'POST /v1/tasks/heartbeat body',
  'task.progress': 'POST /v1/tasks/{id}/progress body',
  'task.complete': 'POST /v1/tasks/{id}/complete body',
  'task.fail': 'POST /v1/tasks/{id}/fail body',
  'task.release': 'POST /v1/tasks/{id}/release body',
  'task.retry': 'POST /v1/tasks/{id}/retry',
  'task.retryMany': 'POST /v1/tasks/retry body',
  'task.cancel': 'POST /v1/tasks/{id}/cancel body',
  'task.awaitInput': 'POST /v1/tasks/{id}/await-input body',
  'task.giveInput': 'POST /v1/tasks/{id}/input body',
  'task.listEdges': 'GET /v1/tasks/{id}/edges',
  'task.addEdge': 'POST /v1/tasks/{id}/edges body',
  'task.removeEdge': 'DELETE /v1/tasks/{id}/edges/{blockerId} query',
  'task.attempts': 'GET /v1/tasks/{id}/attempts',
  'task.explain': 'GET /v1/tasks/{id}/explain',
  'task.timeline': 'GET /v1/tasks/{id}/timeline query',
  'task.subtasks': 'GET /v1/tasks/{id}/subtasks query',
  'task.tree': 'GET /v1/tasks/{id}/tree query',
  'task.stats': 'GET /v1/tasks/stats query',
  'task.workload': 'GET /v1/tasks/workload query',
  'task.overdue': 'GET /v1/tasks/overdue query',
  'task.integrity': 'GET /v1/tasks/integrity',
  'task.pause': 'POST /v1/tasks/pause body',
  'task.resume': 'POST /v1/tasks/resume body',
  'task.listPauses': 'GET /v1/tasks/pauses query',
  'task.getConcurrencyLimit': 'GET /v1/tasks/concurrency-limit query',
  'task.setConcurrencyLimit': 'PUT /v1/tasks/concurrency-limit body',

  'subscriber.list': 'GET /v1/subscribers query',
  'subscriber.get': 'GET /v1/subscribers/{name}',
  'subscriber.delete': 'DELETE /v1/subscribers/{name}',
  'subscriber.ack': 'POST /v1/subscribers/{name}/ack body',

  'webhook.create': 'POST /v1/webhooks body',
  'webhook.list': 'GET /v1/webhooks query',
  'webhook.get': 'GET /v1/webhooks/{id}',
  'webhook.update': 'PATCH /v1/webhooks/{id} body versioned',
  'webhook.delete': 'DELETE /v1/webhooks/{id}',
  'webhook.rotateSecret': 'POST /v1/webhooks/{id}/rotate-secret body',
  'webhook.test': 'POST /v1/webhooks/{id}/test',
  'webhook.listDeliveries': 'GET /v1/webhooks/{id}/deliveries query',
  'webhook.redrive': 'POST /v1/webhooks/{id}/deliveries/{deliveryId}/redrive',
  'webhook.redriveDead': 'POST /v1/webhooks/{id}/redrive body',

  'key.create': 'POST /v1/keys body',
  'key.list': 'GET /v1/keys query',
  'key.revoke': 'DELETE /v1/keys/{id}',
  'audit.list': 'GET /v1/audit query',
};

function methodOf([name, route]: [string, string]): [string, RestMethod] {
  const [verb = '', path = '', ...words] = route.split(' ');
  const ids = [...path.matchAll(/\{(\w+)\}/g)].map(([, id = '']) => id);
  const rest = words.find((word) => word === 'query' || word === 'body');
  const reads = verb === 'GET' || words.includes('reads');
  return [name, { name, verb, path, ids, rest, versioned: words.includes('versioned'), reads }];
}

export const REST_METHODS: ReadonlyMap<string, RestMethod> = new Map(Object.entries(ROUTES).map(methodOf));
