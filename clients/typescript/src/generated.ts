// Made by scripts/generate-docs.mjs of docs/openapi.json and the methods of /v1/ws.

/** What each method calls, and where its parameters go. */
export const METHODS = {
  'workspace.create': { operation: 'workspaces.create', verb: 'POST', path: '/v1/workspaces', rest: 'body' },
  'workspace.list': { operation: 'workspaces.list', verb: 'GET', path: '/v1/workspaces', rest: 'query' },
  'workspace.get': { operation: 'workspaces.get', verb: 'GET', path: '/v1/workspaces/{id}' },
  'workspace.update': {
    operation: 'workspaces.update',
    verb: 'PATCH',
    path: '/v1/workspaces/{id}',
    rest: 'body',
    versioned: true,
  },
  'workspace.delete': { operation: 'workspaces.delete', verb: 'DELETE', path: '/v1/workspaces/{id}', empty: true },
  'workspace.join': { operation: 'membership.join', verb: 'POST', path: '/v1/workspaces/{id}/join', rest: 'body' },
  'workspace.leave': { operation: 'membership.leave', verb: 'POST', path: '/v1/workspaces/{id}/leave', empty: true },
  'workspace.broadcast': {
    operation: 'messages.broadcast',
    verb: 'POST',
    path: '/v1/workspaces/{id}/broadcast',
    rest: 'body',
    empty: true,
  },
  'workspace.message': {
    operation: 'messages.send',
    verb: 'POST',
    path: '/v1/workspaces/{id}/messages',
    rest: 'body',
    empty: true,
  },
  'workspace.listMembers': {
    operation: 'members.list',
    verb: 'GET',
    path: '/v1/workspaces/{id}/members',
    rest: 'query',
  },
  'workspace.getMember': { operation: 'members.get', verb: 'GET', path: '/v1/workspaces/{id}/members/{member}' },
  'workspace.addMember': { operation: 'members.add', verb: 'POST', path: '/v1/workspaces/{id}/members', rest: 'body' },
  'workspace.updateMember': {
    operation: 'members.update',
    verb: 'PATCH',
    path: '/v1/workspaces/{id}/members/{member}',
    rest: 'body',
    versioned: true,
  },
  'workspace.removeMember': {
    operation: 'members.remove',
    verb: 'DELETE',
    path: '/v1/workspaces/{id}/members/{member}',
    empty: true,
  },
  'workspace.getState': { operation: 'state.get', verb: 'GET', path: '/v1/workspaces/{id}/state', rest: 'query' },
  'workspace.updateState': {
    operation: 'state.update',
    verb: 'PUT',
    path: '/v1/workspaces/{id}/state',
    rest: 'body',
    versioned: true,
  },
  'workspace.getStateHistory': {
    operation: 'state.history',
    verb: 'GET',
    path: '/v1/workspaces/{id}/state/history',
    rest: 'query',
  },
  'workspace.restoreState': {
    operation: 'state.restore',
    verb: 'POST',
    path: '/v1/workspaces/{id}/state/restore',
    rest: 'body',
    versioned: true,
  },
  'workspace.getSharedState': { operation: 'sharedState.get', verb: 'GET', path: '/v1/workspaces/{id}/shared-state' },
  'workspace.changeSharedState': {
    operation: 'sharedState.perform',
    verb: 'POST',
    path: '/v1/workspaces/{id}/shared-state/operations',
    rest: 'body',
  },
  'workspace.mergeState': {
    operation: 'sharedState.merge',
    verb: 'POST',
    path: '/v1/workspaces/{id}/shared-state/merge',
    rest: 'body',
  },
  'workspace.getSharedStateDelta': {
    operation: 'sharedState.delta',
    verb: 'GET',
    path: '/v1/workspaces/{id}/shared-state/deltas',
    rest: 'query',
  },
  'workspace.listActivity': {
    operation: 'activity.list',
    verb: 'GET',
    path: '/v1/workspaces/{id}/activity',
    rest: 'query',
  },
  'workspace.recordActivity': {
    operation: 'activity.record',
    verb: 'POST',
    path: '/v1/workspaces/{id}/activity',
    rest: 'body',
  },
  'workspace.getPresence': { operation: 'presence.list', verb: 'GET', path: '/v1/workspaces/{id}/presence' },
  'workspace.updatePresence': {
    operation: 'presence.update',
    verb: 'PUT',
    path: '/v1/workspaces/{id}/presence',
    rest: 'body',
  },
  'workspace.getLock': { operation: 'locks.get', verb: 'GET', path: '/v1/workspaces/{id}/lock' },
  'workspace.lock': { operation: 'locks.take', verb: 'POST', path: '/v1/workspaces/{id}/lock', rest: 'body' },
  'workspace.renewLock': {
    operation: 'locks.renew',
    verb: 'POST',
    path: '/v1/workspaces/{id}/lock/renew',
    rest: 'body',
  },
  'workspace.unlock': {
    operation: 'locks.release',
    verb: 'DELETE',
    path: '/v1/workspaces/{id}/lock',
    rest: 'query',
    empty: true,
  },
  'workspace.forceUnlock': {
    operation: 'locks.forceRelease',
    verb: 'POST',
    path: '/v1/workspaces/{id}/lock/force-release',
  },
  'workspace.stats': { operation: 'workspaceReports.stats', verb: 'GET', path: '/v1/workspaces/{id}/stats' },
  'workspace.collaboration': {
    operation: 'workspaceReports.collaboration',
    verb: 'GET',
    path: '/v1/workspaces/{id}/collaboration',
    rest: 'query',
  },
  'workspace.integrity': {
    operation: 'workspaceReports.integrity',
    verb: 'GET',
    path: '/v1/workspaces/{id}/integrity',
  },
  'workspace.archive': { operation: 'workspaces.archive', verb: 'POST', path: '/v1/workspaces/{id}/archive' },
  'workspace.unarchive': { operation: 'workspaces.unarchive', verb: 'POST', path: '/v1/workspaces/{id}/unarchive' },
  'workspace.purge': { operation: 'workspaces.purge', verb: 'POST', path: '/v1/workspaces/purge', rest: 'body' },
  'workspace.events': {
    operation: 'feeds.ofWorkspace',
    verb: 'GET',
    path: '/v1/workspaces/{id}/events',
    rest: 'query',
  },
  'event.list': { operation: 'feeds.ofTenant', verb: 'GET', path: '/v1/events', rest: 'query' },
  'document.create': {
    operation: 'documents.create',
    verb: 'POST',
    path: '/v1/workspaces/{id}/documents',
    rest: 'body',
  },
  'document.list': { operation: 'documents.list', verb: 'GET', path: '/v1/documents', rest: 'query' },
  'document.search': { operation: 'documents.search', verb: 'GET', path: '/v1/documents/search', rest: 'query' },
  'document.get': { operation: 'documents.get', verb: 'GET', path: '/v1/documents/{id}' },
  'document.update': {
    operation: 'documents.update',
    verb: 'PUT',
    path: '/v1/documents/{id}',
    rest: 'body',
    versioned: true,
  },
  'document.applyOperations': {
    operation: 'documentEdits.edit',
    verb: 'POST',
    path: '/v1/documents/{id}/edits',
    rest: 'body',
  },
  'document.diff': { operation: 'documentEdits.diff', verb: 'GET', path: '/v1/documents/{id}/diff', rest: 'query' },
  'document.blame': { operation: 'documentEdits.blame', verb: 'GET', path: '/v1/documents/{id}/blame' },
  'document.listConflicts': {
    operation: 'documentEdits.listConflicts',
    verb: 'GET',
    path: '/v1/documents/{id}/conflicts',
    rest: 'query',
  },
  'document.recordConflict': {
    operation: 'documentEdits.recordConflict',
    verb: 'POST',
    path: '/v1/documents/{id}/conflicts',
    rest: 'body',
  },
  'document.resolveConflict': {
    operation: 'documentEdits.resolveConflict',
    verb: 'POST',
    path: '/v1/documents/{id}/conflicts/{conflictId}/resolve',
    rest: 'body',
  },
  'document.suggest': {
    operation: 'suggestions.suggest',
    verb: 'POST',
    path: '/v1/documents/{id}/suggestions',
    rest: 'body',
  },
  'document.listSuggestions': {
    operation: 'suggestions.list',
    verb: 'GET',
    path: '/v1/documents/{id}/suggestions',
    rest: 'query',
  },
  'document.getSuggestion': {
    operation: 'suggestions.get',
    verb: 'GET',
    path: '/v1/documents/{id}/suggestions/{suggestionId}',
  },
  'document.acceptSuggestion': {
    operation: 'suggestions.accept',
    verb: 'POST',
    path: '/v1/documents/{id}/suggestions/{suggestionId}/accept',
    rest: 'body',
  },
  'document.rejectSuggestion': {
    operation: 'suggestions.reject',
    verb: 'POST',
    path: '/v1/documents/{id}/suggestions/{suggestionId}/reject',
    rest: 'body',
  },
  'document.delete': { operation: 'documents.delete', verb: 'DELETE', path: '/v1/documents/{id}', empty: true },
  'document.getVersion': {
    operation: 'history.readVersion',
    verb: 'GET',
    path: '/v1/documents/{id}/content',
    rest: 'query',
  },
  'document.restore': {
    operation: 'history.restore',
    verb: 'POST',
    path: '/v1/documents/{id}/restore',
    rest: 'body',
    versioned: true,
  },
  'document.sync': {
    operation: 'history.listOperations',
    verb: 'GET',
    path: '/v1/documents/{id}/operations',
    rest: 'query',
  },
  'document.recordOperation': {
    operation: 'history.recordOperation',
    verb: 'POST',
    path: '/v1/documents/{id}/operations',
    rest: 'body',
  },
  'document.markOperationApplied': {
    operation: 'history.markApplied',
    verb: 'POST',
    path: '/v1/documents/{id}/operations/{operationId}/applied',
  },
  'document.compactOperations': {
    operation: 'history.compact',
    verb: 'POST',
    path: '/v1/documents/{id}/operations/compact',
    rest: 'body',
  },
  'document.listSnapshots': {
    operation: 'history.listSnapshots',
    verb: 'GET',
    path: '/v1/documents/{id}/snapshots',
    rest: 'query',
  },
  'document.createSnapshot': {
    operation: 'history.createSnapshot',
    verb: 'POST',
    path: '/v1/documents/{id}/snapshots',
    rest: 'body',
  },
  'document.getSnapshot': {
    operation: 'history.getSnapshot',
    verb: 'GET',
    path: '/v1/documents/{id}/snapshots/{snapshotId}',
  },
  'document.purgeSnapshots': {
    operation: 'history.purgeSnapshots',
    verb: 'POST',
    path: '/v1/documents/{id}/snapshots/purge',
    rest: 'body',
  },
  'document.lock': { operation: 'documentLocks.acquire', verb: 'POST', path: '/v1/documents/{id}/locks', rest: 'body' },
  'document.renewLock': {
    operation: 'documentLocks.renew',
    verb: 'POST',
    path: '/v1/documents/{id}/locks/{lockId}/renew',
    rest: 'body',
  },
  'document.unlock': {
    operation: 'documentLocks.release',
    verb: 'DELETE',
    path: '/v1/documents/{id}/locks/{lockId}',
    empty: true,
  },
  'document.forceUnlock': {
    operation: 'documentLocks.forceRelease',
    verb: 'POST',
    path: '/v1/documents/{id}/locks/{lockId}/force-release',
    empty: true,
  },
  'document.listLocks': { operation: 'documentLocks.list', verb: 'GET', path: '/v1/documents/{id}/locks' },
  'document.ownLocks': { operation: 'documentLocks.listOwn', verb: 'GET', path: '/v1/documents/locks' },
  'document.stats': { operation: 'documentReports.stats', verb: 'GET', path: '/v1/documents/{id}/stats' },
  'document.integrity': { operation: 'documentReports.integrity', verb: 'GET', path: '/v1/documents/{id}/integrity' },
  'document.collaboration': {
    operation: 'documentReports.collaboration',
    verb: 'GET',
    path: '/v1/workspaces/{id}/documents/collaboration',
    rest: 'query',
  },
  'agent.register': { operation: 'agents.register', verb: 'POST', path: '/v1/agents', rest: 'body' },
  'agent.discover': { operation: 'agents.list', verb: 'GET', path: '/v1/agents', rest: 'query' },
  'agent.get': { operation: 'agents.get', verb: 'GET', path: '/v1/agents/{id}' },
  'agent.update': { operation: 'agents.update', verb: 'PATCH', path: '/v1/agents/{id}', rest: 'body', versioned: true },
  'agent.delete': { operation: 'agents.delete', verb: 'DELETE', path: '/v1/agents/{id}', empty: true },
  'agent.heartbeat': { operation: 'agents.heartbeat', verb: 'POST', path: '/v1/agents/{id}/heartbeat' },
  'agent.status': { operation: 'agents.changeStatus', verb: 'POST', path: '/v1/agents/{id}/status', rest: 'body' },
  'task.create': { operation: 'tasks.create', verb: 'POST', path: '/v1/tasks', rest: 'body' },
  'task.createBatch': { operation: 'tasks.createBatch', verb: 'POST', path: '/v1/tasks/batch', rest: 'body' },
  'task.import': { operation: 'tasks.import', verb: 'POST', path: '/v1/tasks/import', rest: 'body' },
  'task.list': { operation: 'tasks.list', verb: 'GET', path: '/v1/tasks', rest: 'query' },
  'task.get': { operation: 'tasks.get', verb: 'GET', path: '/v1/tasks/{id}' },
  'task.getBatch': { operation: 'tasks.getBatch', verb: 'POST', path: '/v1/tasks/get', rest: 'body' },
  'task.update': { operation: 'tasks.update', verb: 'PATCH', path: '/v1/tasks/{id}', rest: 'body', versioned: true },
  'task.delete': { operation: 'tasks.delete', verb: 'DELETE', path: '/v1/tasks/{id}', empty: true },
  'task.claim': { operation: 'claims.claim', verb: 'POST', path: '/v1/tasks/claim', rest: 'body' },
  'task.heartbeat': { operation: 'claims.heartbeat', verb: 'POST', path: '/v1/tasks/heartbeat', rest: 'body' },
  'task.progress': { operation: 'claims.progress', verb: 'POST', path: '/v1/tasks/{id}/progress', rest: 'body' },
  'task.complete': { operation: 'claims.complete', verb: 'POST', path: '/v1/tasks/{id}/complete', rest: 'body' },
  'task.fail': { operation: 'claims.fail', verb: 'POST', path: '/v1/tasks/{id}/fail', rest: 'body' },
  'task.release': { operation: 'claims.release', verb: 'POST', path: '/v1/tasks/{id}/release', rest: 'body' },
  'task.retry': { operation: 'interventions.retry', verb: 'POST', path: '/v1/tasks/{id}/retry' },
  'task.retryMany': { operation: 'interventions.retryMany', verb: 'POST', path: '/v1/tasks/retry', rest: 'body' },
  'task.cancel': { operation: 'interventions.cancel', verb: 'POST', path: '/v1/tasks/{id}/cancel', rest: 'body' },
  'task.awaitInput': {
    operation: 'interventions.awaitInput',
    verb: 'POST',
    path: '/v1/tasks/{id}/await-input',
    rest: 'body',
  },
  'task.giveInput': { operation: 'interventions.giveInput', verb: 'POST', path: '/v1/tasks/{id}/input', rest: 'body' },
  'task.listEdges': { operation: 'interventions.list', verb: 'GET', path: '/v1/tasks/{id}/edges' },
  'task.addEdge': { operation: 'interventions.add', verb: 'POST', path: '/v1/tasks/{id}/edges', rest: 'body' },
  'task.removeEdge': {
    operation: 'interventions.remove',
    verb: 'DELETE',
    path: '/v1/tasks/{id}/edges/{blockerId}',
    rest: 'query',
    empty: true,
  },
  'task.attempts': { operation: 'tasks.attempts', verb: 'GET', path: '/v1/tasks/{id}/attempts' },
  'task.explain': { operation: 'reports.explain', verb: 'GET', path: '/v1/tasks/{id}/explain' },
  'task.timeline': { operation: 'reports.timeline', verb: 'GET', path: '/v1/tasks/{id}/timeline', rest: 'query' },
  'task.subtasks': { operation: 'stats.subtasks', verb: 'GET', path: '/v1/tasks/{id}/subtasks', rest: 'query' },
  'task.tree': { operation: 'stats.tree', verb: 'GET', path: '/v1/tasks/{id}/tree', rest: 'query' },
  'task.stats': { operation: 'stats.get', verb: 'GET', path: '/v1/tasks/stats', rest: 'query' },
  'task.workload': { operation: 'stats.workload', verb: 'GET', path: '/v1/tasks/workload', rest: 'query' },
  'task.overdue': { operation: 'stats.overdue', verb: 'GET', path: '/v1/tasks/overdue', rest: 'query' },
  'task.integrity': { operation: 'reports.integrity', verb: 'GET', path: '/v1/tasks/integrity' },
  'task.pause': { operation: 'dispatch.pause', verb: 'POST', path: '/v1/tasks/pause', rest: 'body' },
  'task.resume': { operation: 'dispatch.resume', verb: 'POST', path: '/v1/tasks/resume', rest: 'body', empty: true },
  'task.listPauses': { operation: 'dispatch.listPauses', verb: 'GET', path: '/v1/tasks/pauses', rest: 'query' },
  'task.getConcurrencyLimit': {
    operation: 'dispatch.limit',
    verb: 'GET',
    path: '/v1/tasks/concurrency-limit',
    rest: 'query',
  },
  'task.setConcurrencyLimit': {
    operation: 'dispatch.setLimit',
    verb: 'PUT',
    path: '/v1/tasks/concurrency-limit',
    rest: 'body',
  },
  'subscriber.list': { operation: 'subscribers.list', verb: 'GET', path: '/v1/subscribers', rest: 'query' },
  'subscriber.get': { operation: 'subscribers.get', verb: 'GET', path: '/v1/subscribers/{name}' },
  'subscriber.delete': { operation: 'subscribers.delete', verb: 'DELETE', path: '/v1/subscribers/{name}', empty: true },
  'subscriber.ack': {
    operation: 'subscribers.acknowledge',
    verb: 'POST',
    path: '/v1/subscribers/{name}/ack',
    rest: 'body',
  },
  'webhook.create': { operation: 'webhooks.create', verb: 'POST', path: '/v1/webhooks', rest: 'body' },
  'webhook.list': { operation: 'webhooks.list', verb: 'GET', path: '/v1/webhooks', rest: 'query' },
  'webhook.get': { operation: 'webhooks.get', verb: 'GET', path: '/v1/webhooks/{id}' },
  'webhook.update': {
    operation: 'webhooks.update',
    verb: 'PATCH',
    path: '/v1/webhooks/{id}',
    rest: 'body',
    versioned: true,
  },
  'webhook.delete': { operation: 'webhooks.delete', verb: 'DELETE', path: '/v1/webhooks/{id}', empty: true },
  'webhook.rotateSecret': {
    operation: 'webhooks.rotateSecret',
    verb: 'POST',
    path: '/v1/webhooks/{id}/rotate-secret',
    rest: 'body',
  },
  'webhook.test': { operation: 'deliveries.test', verb: 'POST', path: '/v1/webhooks/{id}/test' },
  'webhook.listDeliveries': {
    operation: 'deliveries.list',
    verb: 'GET',
    path: '/v1/webhooks/{id}/deliveries',
    rest: 'query',
  },
  'webhook.redrive': {
    operation: 'deliveries.redrive',
    verb: 'POST',
    path: '/v1/webhooks/{id}/deliveries/{deliveryId}/redrive',
  },
  'webhook.redriveDead': {
    operation: 'deliveries.redriveDead',
    verb: 'POST',
    path: '/v1/webhooks/{id}/redrive',
    rest: 'body',
  },
  'key.create': { operation: 'apiKeys.create', verb: 'POST', path: '/v1/keys', rest: 'body' },
  'key.list': { operation: 'apiKeys.list', verb: 'GET', path: '/v1/keys', rest: 'query' },
  'key.revoke': { operation: 'apiKeys.revoke', verb: 'DELETE', path: '/v1/keys/{id}', empty: true },
  'audit.list': { operation: 'audit.list', verb: 'GET', path: '/v1/audit', rest: 'query' },
} as const;

export type EventType =
  | 'agent.deleted'
  | 'agent.registered'
  | 'agent.status_changed'
  | 'agent.updated'
  | 'document.changed'
  | 'document.conflict_resolved'
  | 'document.conflicted'
  | 'document.created'
  | 'document.deleted'
  | 'document.locked'
  | 'document.suggested'
  | 'document.suggestion_accepted'
  | 'document.suggestion_rejected'
  | 'document.suggestion_superseded'
  | 'document.unlocked'
  | 'task.attempt_failed'
  | 'task.attempt_timed_out'
  | 'task.awaiting_input'
  | 'task.cancel_requested'
  | 'task.cancelled'
  | 'task.claimed'
  | 'task.completed'
  | 'task.created'
  | 'task.deadline_warning'
  | 'task.deleted'
  | 'task.edge_added'
  | 'task.edge_removed'
  | 'task.failed'
  | 'task.input_received'
  | 'task.lease_expired'
  | 'task.overdue'
  | 'task.progressed'
  | 'task.released'
  | 'task.retried'
  | 'task.timed_out'
  | 'task.timeout_warning'
  | 'task.updated'
  | 'tasks.paused'
  | 'tasks.resumed'
  | 'webhook.created'
  | 'webhook.deleted'
  | 'webhook.disabled'
  | 'webhook.secret_rotated'
  | 'webhook.test'
  | 'webhook.updated'
  | 'workspace.activity_recorded'
  | 'workspace.archived'
  | 'workspace.created'
  | 'workspace.deleted'
  | 'workspace.locked'
  | 'workspace.member_added'
  | 'workspace.member_changed'
  | 'workspace.member_removed'
  | 'workspace.message'
  | 'workspace.presence_changed'
  | 'workspace.purged'
  | 'workspace.shared_state_changed'
  | 'workspace.state_updated'
  | 'workspace.unarchived'
  | 'workspace.unlocked'
  | 'workspace.updated';

export interface components {
  schemas: {
    CreateApiKeyDto: {
      /** @description What the key is for. */
      name: string;
      /** @description Whom it acts as, such as the id of an agent; itself when left out. */
      actorId?: string;
      /**
       * Format: date-time
       * @description When it ends; never when left out.
       */
      expiresAt?: string;
      /** @description What it may do; nothing that you may not. */
      scopes: (
        | 'read'
        | 'write'
        | 'admin'
        | 'tasks:read'
        | 'tasks:write'
        | 'agents:read'
        | 'agents:write'
        | 'workspaces:read'
        | 'workspaces:write'
        | 'documents:read'
        | 'documents:write'
        | 'events:read'
        | 'webhooks:read'
        | 'webhooks:write'
      )[];
    };
    CreatedApiKeyView: {
      /** @description The key itself; it is shown this once. */
      secret: string;
      id: string;
      name: string;
      /** @description The secret’s last four characters. */
      ending: string;
      scopes: (
        | 'read'
        | 'write'
        | 'admin'
        | 'tasks:read'
        | 'tasks:write'
        | 'agents:read'
        | 'agents:write'
        | 'workspaces:read'
        | 'workspaces:write'
        | 'documents:read'
        | 'documents:write'
        | 'events:read'
        | 'webhooks:read'
        | 'webhooks:write'
      )[];
      /** @description Whom it acts as; null when it acts as itself. */
      actorId: string | null;
      createdBy: string;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      expiresAt: string | null;
      /** Format: date-time */
      revokedAt: string | null;
      /**
       * Format: date-time
       * @description To within some seconds.
       */
      lastUsedAt: string | null;
    };
    ApiKeyView: {
      id: string;
      name: string;
      /** @description The secret’s last four characters. */
      ending: string;
      scopes: (
        | 'read'
        | 'write'
        | 'admin'
        | 'tasks:read'
        | 'tasks:write'
        | 'agents:read'
        | 'agents:write'
        | 'workspaces:read'
        | 'workspaces:write'
        | 'documents:read'
        | 'documents:write'
        | 'events:read'
        | 'webhooks:read'
        | 'webhooks:write'
      )[];
      /** @description Whom it acts as; null when it acts as itself. */
      actorId: string | null;
      createdBy: string;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      expiresAt: string | null;
      /** Format: date-time */
      revokedAt: string | null;
      /**
       * Format: date-time
       * @description To within some seconds.
       */
      lastUsedAt: string | null;
    };
    ApiKeyPage: {
      items: components['schemas']['ApiKeyView'][];
      hasMore: boolean;
      nextCursor: string | null;
    };
    CreateWebhook: {
      /** @description Only events of these types, such as task.created, or task.* for all that begin so; empty for all. */
      types?: string[];
      /** @description Only what happened to these: ids of tasks, agents or workspaces, alone or as task/<id>, or task/* for all of a kind; empty for all. */
      subjects?: string[];
      /** @description One at a time, in the order of the events: the next one goes when the one before was delivered or is dead. */
      ordered?: boolean;
      /** @description Whether events are sent to it. Enabling it again forgets its failures and goes on with what was pending. */
      enabled?: boolean;
      /**
       * Format: uuid
       * @description Whose feed it follows; without it the tenant's own and those of all its workspaces.
       */
      workspaceId?: string;
      /** @description Where events are posted to. */
      url: string;
      /** @description What it is for. */
      description?: string | null;
    };
    WebhookWithSecretView: {
      /** @description Rises with every change; the ETag. */
      version: number;
      /** @description Verifies what is sent: `whsec_…`. It is shown this once. */
      secret: string;
      id: string;
      /** @description Null: it follows the tenant's feed and those of all workspaces. */
      workspaceId: string | null;
      url: string;
      types: string[];
      subjects: string[];
      ordered: boolean;
      description: string | null;
      enabled: boolean;
      /**
       * @description By request, because it answered 410, or because everything sent to it failed for days.
       * @enum {string|null}
       */
      disabledReason: 'gone' | 'request' | 'failing' | null;
      /**
       * Format: date-time
       * @description The first failure since anything was delivered.
       */
      failingSince: string | null;
      /**
       * Format: date-time
       * @description Until when the secret before the present one signs as well.
       */
      previousSecretUntil: string | null;
      createdBy: string;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      updatedAt: string;
    };
    WebhookView: {
      /** @description Rises with every change; the ETag. */
      version: number;
      id: string;
      /** @description Null: it follows the tenant's feed and those of all workspaces. */
      workspaceId: string | null;
      url: string;
      types: string[];
      subjects: string[];
      ordered: boolean;
      description: string | null;
      enabled: boolean;
      /**
       * @description By request, because it answered 410, or because everything sent to it failed for days.
       * @enum {string|null}
       */
      disabledReason: 'gone' | 'request' | 'failing' | null;
      /**
       * Format: date-time
       * @description The first failure since anything was delivered.
       */
      failingSince: string | null;
      /**
       * Format: date-time
       * @description Until when the secret before the present one signs as well.
       */
      previousSecretUntil: string | null;
      createdBy: string;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      updatedAt: string;
    };
    WebhookPage: {
      items: components['schemas']['WebhookView'][];
      hasMore: boolean;
      /** @description The `after` of the next page. */
      nextCursor: string | null;
    };
    UpdateWebhook: {
      /** @description Only events of these types, such as task.created, or task.* for all that begin so; empty for all. */
      types?: string[];
      /** @description Only what happened to these: ids of tasks, agents or workspaces, alone or as task/<id>, or task/* for all of a kind; empty for all. */
      subjects?: string[];
      /** @description One at a time, in the order of the events: the next one goes when the one before was delivered or is dead. */
      ordered?: boolean;
      /** @description Whether events are sent to it. Enabling it again forgets its failures and goes on with what was pending. */
      enabled?: boolean;
      /** @description Where events are posted to. */
      url?: string;
      /** @description What it is for. */
      description?: string | null;
    };
    RotateSecret: {
      /** @description How many seconds the secret so far goes on to sign beside the new one, up to 7 days; a day when left out. */
      overlapSeconds?: number;
    };
    DeliveryAttemptView: {
      /** @description Milliseconds. */
      durationMs: number;
      /** @description Of the answer; null when there was none. */
      status: number | null;
      at: string;
      /** @description Why it counts as failed; null when it does not. */
      error: string | null;
      /** @description The first KiB of the answer. */
      response: string | null;
    };
    DeliveryView: {
      /** @description Since it was recorded, or redriven. */
      attempts: number;
      id: string;
      webhookId: string;
      /** @description The `webhook-id` of the requests. */
      eventId: string;
      type: string;
      /** Format: date-time */
      occurredAt: string;
      /**
       * @description `dead`: every attempt failed; it stays until it is redriven.
       * @enum {string}
       */
      status: 'pending' | 'dead' | 'delivered';
      /**
       * Format: date-time
       * @description When it is tried next; null when it has ended.
       */
      dueAt: string | null;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      endedAt: string | null;
      /** @description The newest twenty attempts, oldest first. */
      history: components['schemas']['DeliveryAttemptView'][];
    };
    DeliveryPage: {
      items: components['schemas']['DeliveryView'][];
      hasMore: boolean;
      /** @description The `after` of the next page. */
      nextCursor: string | null;
    };
    RedriveDead: {
      /**
       * Format: date-time
       * @description Only what was recorded since.
       */
      since?: string;
    };
    Redriven: {
      /** @description How many deliveries are pending again. */
      redriven: number;
      /** @description Whether there are more of them: ask again. */
      hasMore: boolean;
    };
    TestResult: {
      /** @description Milliseconds. */
      durationMs: number;
      /** @description Of the answer; null when there was none. */
      status: number | null;
      at: string;
      /** @description Why it counts as failed; null when it does not. */
      error: string | null;
      /** @description The first KiB of the answer. */
      response: string | null;
      delivered: boolean;
    };
    CreateWorkspace: {
      /** @description Unique within the tenant. */
      name: string;
      /**
       * @description Private unless said otherwise.
       * @enum {string}
       */
      visibility?: 'private' | 'team' | 'public';
      /** @description Strings by name, for your own use. */
      labels?: {
        [key: string]: string;
      };
      description?: string | null;
    };
    WorkspaceView: {
      /** @description Rises with every change; the ETag. */
      version: number;
      id: string;
      name: string;
      description: string | null;
      /** @enum {string} */
      visibility: 'public' | 'private' | 'team';
      /**
       * @description Only an active workspace takes new work.
       * @enum {string}
       */
      status: 'active' | 'inactive' | 'archived';
      labels: {
        [key: string]: string;
      };
      /** @description An agent's id, a key's id or an OIDC subject. */
      createdBy: string;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      updatedAt: string;
    };
    WorkspacePage: {
      items: components['schemas']['WorkspaceView'][];
      hasMore: boolean;
      /** @description The `after` of the next page. */
      nextCursor: string | null;
    };
    UpdateWorkspace: {
      /** @description Unique within the tenant. The default workspace keeps its name. */
      name?: string;
      /** @enum {string} */
      visibility?: 'private' | 'team' | 'public';
      /**
       * @description Only an active workspace takes new work; what is open goes on. The default workspace stays active.
       * @enum {string}
       */
      status?: 'active' | 'inactive' | 'archived';
      /** @description Replaces all labels. */
      labels?: {
        [key: string]: string;
      };
      /** @description Null clears it. */
      description?: string | null;
    };
    PurgeWorkspaces: {
      /**
       * Format: date-time
       * @description Those that were deleted before this time.
       */
      deletedBefore: string;
      /** @description At most so many, the oldest first. */
      limit?: number;
    };
    PurgedWorkspaces: {
      /** @description Those that are gone for good. */
      ids: string[];
      /** @description Whether to ask again: as many were removed as were asked for. */
      hasMore: boolean;
    };
    AddMember: {
      /**
       * @description An agent unless said otherwise.
       * @enum {string}
       */
      kind?: 'agent' | 'human' | 'service';
      permissions: ('read' | 'comment' | 'write' | 'manage_members' | 'manage' | 'delete')[][];
      /** @description Who acts: an agent's id, a key's id or an OIDC subject, as events name them. */
      memberId: string;
      /** @enum {string} */
      role: 'guest' | 'viewer' | 'commenter' | 'editor' | 'admin' | 'owner';
    };
    MemberView: {
      /** @description Rises with every change; the ETag. */
      version: number;
      /** @description An agent's id, a key's id or an OIDC subject. */
      memberId: string;
      /** @enum {string} */
      kind: 'agent' | 'human' | 'service';
      /** @enum {string} */
      role: 'admin' | 'owner' | 'guest' | 'viewer' | 'commenter' | 'editor';
      /** @description Besides what the role may do. */
      permissions: ('delete' | 'read' | 'write' | 'comment' | 'manage_members' | 'manage')[];
      addedBy: string;
      /** Format: date-time */
      joinedAt: string;
      /** Format: date-time */
      lastActivityAt: string;
    };
    MemberPage: {
      items: components['schemas']['MemberView'][];
      hasMore: boolean;
      /** @description The `after` of the next page. */
      nextCursor: string | null;
    };
    UpdateMember: {
      /** @enum {string} */
      role?: 'guest' | 'viewer' | 'commenter' | 'editor' | 'admin' | 'owner';
      permissions: ('read' | 'comment' | 'write' | 'manage_members' | 'manage' | 'delete')[][];
    };
    JoinWorkspace: {
      /**
       * @description An agent unless said otherwise.
       * @enum {string}
       */
      kind?: 'agent' | 'human' | 'service';
    };
    BroadcastMessage: {
      /** @description Whatever is to be said; at most 16 KiB of JSON. */
      message: {
        [key: string]: unknown;
      };
    };
    SendMessage: {
      /** @description Whatever is to be said; at most 16 KiB of JSON. */
      message: {
        [key: string]: unknown;
      };
      /** @description A member: an agent's id, a key's id or an OIDC subject. */
      to: string;
    };
    StateView: {
      state: {
        [key: string]: unknown;
      };
      /** @description Rises by one with every change; the ETag. */
      version: number;
      updatedBy: string | null;
      /** Format: date-time */
      updatedAt: string | null;
    };
    UpdateState: {
      /** @description The whole new state. */
      state: {
        [key: string]: unknown;
      };
    };
    StateEntryView: {
      /** @description Rises by one with every change. */
      version: number;
      /** @description Of the state's JSON text. */
      bytes: number;
      updatedBy: string;
      /** Format: date-time */
      updatedAt: string;
    };
    StateHistoryPage: {
      items: components['schemas']['StateEntryView'][];
      hasMore: boolean;
      /** @description The `after` of the next page. */
      nextCursor: string | null;
    };
    RestoreState: {
      /** @description The version whose content is to be there again; it becomes that of a new version. */
      version: number;
    };
    SharedStateView: {
      /** @description How many operations of each replica are known without a gap. */
      clock: {
        [key: string]: number;
      };
      /** @description Rises with every change. */
      sequence: number;
      /** @description Counters as numbers, sets as arrays. */
      value: {
        [key: string]: unknown;
      };
      updatedBy: string | null;
      /** Format: date-time */
      updatedAt: string | null;
    };
    SharedStateOperation: {
      /** @description A JSON Pointer, `/limits/a~1b`, or its keys. */
      path: string | string[];
      /** @description Of `set`: any JSON value. */
      value?: unknown;
      /** @description Of `increment` and `decrement`; 1 when left out. */
      by?: number;
      /** @description Of `add` and `remove`: a string, a number, a boolean or null. */
      element?: unknown;
      /** @description Of a change: text by which a repeat is known. Of a replica's operation: `{replica, counter}`. */
      id?:
        | string
        | {
            replica?: string;
            counter?: number;
          };
      /** @description Of a replica's operation: its timestamp. */
      time?: string;
      /** @description Of a replica's operation: what it takes away, as ranges by replica. */
      replaces?: {
        [key: string]: unknown;
      };
      /** @description Of a replica's increment or decrement: its total, and since which of its operations. */
      count?: {
        [key: string]: unknown;
      };
      /** @enum {string} */
      type: 'set' | 'increment' | 'decrement' | 'add' | 'remove' | 'delete';
    };
    ChangeSharedState: {
      operations: components['schemas']['SharedStateOperation'][];
    };
    OperationResultView: {
      /** @description What stands at the path after all operations of the call; left out where nothing does. */
      value?: unknown;
      /** @description A JSON Pointer. */
      path: string;
      /** @description False where the operation was known already. */
      applied: boolean;
    };
    SharedStateChanges: {
      /** @description How many operations of each replica are known without a gap. */
      clock: {
        [key: string]: number;
      };
      /** @description Rises with every change. */
      sequence: number;
      /** @description In the order of the operations. */
      results: components['schemas']['OperationResultView'][];
    };
    MergeSharedState: {
      /** @description A state or a delta, as `SharedState.toJSON` gives it. */
      state: {
        [key: string]: unknown;
      };
      /** @description The replica that sends it. */
      replica: string;
    };
    SharedStatePlaceView: {
      /** @description How many operations of each replica are known without a gap. */
      clock: {
        [key: string]: number;
      };
      /** @description Rises with every change. */
      sequence: number;
    };
    SharedStateDelta: {
      /** @description How many operations of each replica are known without a gap. */
      clock: {
        [key: string]: number;
      };
      /** @description Rises with every change. */
      sequence: number;
      /** @description To be merged by the replica. */
      delta: {
        [key: string]: unknown;
      };
    };
    ActivityView: {
      details: {
        [key: string]: unknown;
      };
      id: string;
      type: string;
      /** @description An agent's id, a key's id or an OIDC subject. */
      actorId: string;
      /** Format: date-time */
      at: string;
    };
    ActivityPage: {
      items: components['schemas']['ActivityView'][];
      hasMore: boolean;
      /** @description The `after` of the next page. */
      nextCursor: string | null;
    };
    RecordActivity: {
      /** @description Whatever tells more; at most 16 KiB of JSON. */
      details?: {
        [key: string]: unknown;
      };
      /** @description What was done, such as `review_finished` or `build.started`; not one that Muster records itself. */
      type: string;
    };
    PresentOn: {
      /** @description What kind of thing, such as `task` or `document`. */
      type: string;
      id: string;
    };
    PresenceView: {
      /** @description An agent's id, a key's id or an OIDC subject. */
      memberId: string;
      /** @enum {string} */
      status: 'busy' | 'offline' | 'online' | 'away';
      on: components['schemas']['PresentOn'] | null;
      /**
       * Format: date-time
       * @description Since when the status is this; null for who never said anything.
       */
      since: string | null;
      /**
       * Format: date-time
       * @description Until when it is so unless it is said again; null for who is offline.
       */
      expiresAt: string | null;
    };
    PresenceList: {
      /** @description Every member, in the order of their ids. */
      items: components['schemas']['PresenceView'][];
    };
    UpdatePresence: {
      /** @description What the member is busy with; nothing in particular when left out. */
      on?: components['schemas']['PresentOn'];
      /** @enum {string} */
      status: 'online' | 'away' | 'busy' | 'offline';
    };
    LockView: {
      /** @description Rises with each new holder. */
      token: number;
      /** @description An agent's id, a key's id or an OIDC subject. */
      holder: string;
      reason: string | null;
      /** Format: date-time */
      since: string;
      /** Format: date-time */
      expiresAt: string;
    };
    TakeLock: {
      /** @description From now on. */
      seconds: number;
      /** @description Told to who is refused meanwhile. */
      reason?: string;
    };
    RenewLock: {
      token: number;
      /** @description From now on. */
      seconds: number;
    };
    MemberNumbersView: {
      total: number;
      byRole: {
        [key: string]: number;
      };
      byKind: {
        [key: string]: number;
      };
      byPresence: {
        [key: string]: number;
      };
    };
    RecentNumbersView: {
      total: number;
      /** @description Of the last 24 hours. */
      lastDay: number;
    };
    StateNumbersView: {
      /** @description 0 when it was never written. */
      version: number;
      /** @description Of its JSON text. */
      bytes: number;
      /** Format: date-time */
      updatedAt: string | null;
    };
    WorkspaceStatsView: {
      members: components['schemas']['MemberNumbersView'];
      /** @description As far as it is kept. */
      activity: components['schemas']['RecentNumbersView'];
      /** @description Of the feed, since the workspace was made. */
      events: components['schemas']['RecentNumbersView'];
      state: components['schemas']['StateNumbersView'];
      isLocked: boolean;
    };
    DayView: {
      events: number;
      /** @description Of UTC, such as 2026-01-31. */
      day: string;
    };
    ContributionView: {
      events: number;
      /** @description How often it went on with what another had done last. */
      handOvers: number;
      /** @description An agent's id, a key's id or an OIDC subject. */
      actorId: string;
      isMember: boolean;
    };
    CollaborationView: {
      operations: number;
      documents: number;
      /** @description Documents that more than one author wrote in. */
      sharedDocuments: number;
      /** @description The busiest first, a hundred at most. */
      authors: components['schemas']['ContributionView'][];
    };
    WorkspaceCheckedView: {
      members: number;
      stateVersions: number;
      activities: number;
    };
    WorkspaceIssueEntityView: {
      /** @enum {string} */
      kind: 'member' | 'state' | 'workspace' | 'activity';
      id: string;
    };
    WorkspaceIssueView: {
      /** @enum {string} */
      type:
        | 'no_owner'
        | 'missing_feed'
        | 'state_gap'
        | 'lock_not_ended'
        | 'presence_not_ended'
        | 'orphan_member'
        | 'orphan_state'
        | 'orphan_activity';
      /** @enum {string} */
      severity: 'error' | 'warning';
      entity: components['schemas']['WorkspaceIssueEntityView'];
      message: string;
      /** @description What to do about it. */
      fix: string;
    };
    WorkspaceIntegrityView: {
      /** Format: date-time */
      checkedAt: string;
      checked: components['schemas']['WorkspaceCheckedView'];
      /** @description A hundred of each type at most. */
      issues: components['schemas']['WorkspaceIssueView'][];
    };
    CloudEvent: {
      /** @description 1, 2, 3 … in each feed, without gaps. */
      sequence: number;
      /** @enum {string} */
      specversion: '1.0';
      /** @description `<feed>:<sequence>`; the same event has the same id whenever and wherever it is read. */
      id: string;
      type: string;
      source: string;
      /** @description Kind and id of what it happened to: `task/0199…`. */
      subject: string;
      /** @description RFC 3339 in UTC. */
      time: string;
      feed: string;
      /** @enum {string} */
      datacontenttype: 'application/json';
      data: {
        [key: string]: unknown;
      } | null;
      /** @description Who did it: an agent's id, a key's id or an OIDC subject. */
      actor?: string;
      /** @description W3C trace context of the change. */
      traceparent?: string;
    };
    FeedPage: {
      /** @description The `after` to read on from. */
      next: number;
      events: components['schemas']['CloudEvent'][];
    };
    RegisterAgent: {
      /**
       * @description A program, a person or a service of somebody else's.
       * @enum {string}
       */
      kind?: 'agent' | 'human' | 'service';
      /** @description What the agent can do, at most 64 words of up to 64 characters; kept in lower case, sorted, each once. */
      capabilities?: string[];
      /** @description How many tasks it holds at once at most, 1 to 10,000; null is no limit. */
      capacity?: number | null;
      /** @description Strings by name, for your own use. */
      labels?: {
        [key: string]: string;
      };
      /** @description Unique within the tenant. Registering a name again gives the same agent, with the fields that were sent. */
      name: string;
    };
    AgentView: {
      /** @description How many tasks it holds at once at most; null is no limit. */
      capacity: number | null;
      /** @description Rises with every change except heartbeats; the ETag. */
      version: number;
      id: string;
      name: string;
      /** @enum {string} */
      kind: 'agent' | 'human' | 'service';
      /**
       * @description Only an active agent gets work.
       * @enum {string}
       */
      status: 'error' | 'active' | 'draining' | 'offline' | 'starting' | 'inactive' | 'maintenance';
      /** @description In lower case, sorted. */
      capabilities: string[];
      labels: {
        [key: string]: string;
      };
      /**
       * Format: date-time
       * @description The last heartbeat or registration.
       */
      lastSeenAt: string;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      updatedAt: string;
    };
    AgentPage: {
      items: components['schemas']['AgentView'][];
      hasMore: boolean;
      /** @description The `after` of the next page. */
      nextCursor: string | null;
    };
    UpdateAgent: {
      /**
       * @description A program, a person or a service of somebody else's.
       * @enum {string}
       */
      kind?: 'agent' | 'human' | 'service';
      /** @description What the agent can do, at most 64 words of up to 64 characters; kept in lower case, sorted, each once. */
      capabilities?: string[];
      /** @description How many tasks it holds at once at most, 1 to 10,000; null is no limit. */
      capacity?: number | null;
      /** @description Strings by name, for your own use. */
      labels?: {
        [key: string]: string;
      };
    };
    AgentHeartbeat: {
      id: string;
      /**
       * @description The agent must know when it is drained or taken out of service.
       * @enum {string}
       */
      status: 'error' | 'active' | 'draining' | 'offline' | 'starting' | 'inactive' | 'maintenance';
      /** Format: date-time */
      lastSeenAt: string;
    };
    ChangeAgentStatus: {
      /**
       * @description What the agent becomes; from its present status not every other one can be reached.
       * @enum {string}
       */
      status: 'offline' | 'starting' | 'active' | 'draining' | 'inactive' | 'maintenance' | 'error';
    };
    ClaimDto: {
      /**
       * Format: uuid
       * @description The agent that will do the work.
       */
      agentId: string;
      /** @description Only tasks of these workspaces; any unless given. */
      workspaceIds?: string[];
      /** @description Only tasks of these types; any unless given. */
      types?: string[];
      /** @description How long the lease lasts without a heartbeat; 60 unless given. */
      leaseSeconds?: number;
      /**
       * @description `agent` unless given. Leases of the other kinds are not taken away when they expire.
       * @enum {string}
       */
      claimKind?: 'agent' | 'interactive' | 'human';
      /** @description How many tasks at most; 1 unless given. */
      limit?: number;
      /** @description How long to wait for work when there is none; 0 unless given. */
      waitSeconds?: number;
    };
    RetryDto: {
      /** @description The first wait. Up to a half of a wait is taken off by chance. */
      initialSeconds: number;
      /** @description No wait is longer. */
      maxSeconds: number;
      /**
       * @description How the wait grows with each attempt.
       * @enum {string}
       */
      backoff: 'exponential' | 'linear';
    };
    TaskView: {
      /** @description How many edges still block it. */
      openBlockers: number;
      maxAttempts: number;
      /** @description How long an attempt may take. */
      timeoutSeconds: number;
      /** @description The number of the present attempt, or of the last one. */
      attempt: number;
      /** @description Rises with every claim. */
      epoch: number;
      /** @description What the holder asked last, and what it was told. */
      inputRequest: unknown;
      input: unknown;
      /** @description Per cent. */
      progress: number;
      partialResult: unknown;
      result: unknown;
      /** @description Rises with every change except heartbeats; the ETag. */
      version: number;
      id: string;
      workspaceId: string;
      type: string;
      title: string;
      description: string | null;
      parameters: {
        [key: string]: unknown;
      };
      /** @enum {string} */
      status:
        | 'timeout'
        | 'pending'
        | 'failed'
        | 'rejected'
        | 'accepted'
        | 'cancelled'
        | 'assigned'
        | 'in_progress'
        | 'awaiting_input'
        | 'completed';
      /** @enum {string} */
      priority: 'low' | 'high' | 'critical' | 'normal' | 'backlog';
      tags: string[];
      labels: {
        [key: string]: string;
      };
      requiredCapabilities: string[];
      parentTaskId: string | null;
      /** @description Who is to do it, does it, or did it last. */
      assignedTo: string | null;
      createdBy: string;
      externalRef: string | null;
      /** Format: date-time */
      runAt: string | null;
      /** Format: date-time */
      deadline: string | null;
      dedupeKey: string | null;
      concurrencyKey: string | null;
      /**
       * Format: date-time
       * @description When it became ready, or will be.
       */
      readyAt: string;
      retry: components['schemas']['RetryDto'];
      /** @enum {string|null} */
      claimKind: 'agent' | 'human' | 'interactive' | null;
      /** Format: date-time */
      claimedAt: string | null;
      /** Format: date-time */
      leaseExpiresAt: string | null;
      /**
       * Format: date-time
       * @description When the attempt is over, whatever its lease.
       */
      timeoutAt: string | null;
      /**
       * Format: date-time
       * @description Since when a claim that is never taken away is past its lease, timeout or deadline.
       */
      overdueAt: string | null;
      /**
       * Format: date-time
       * @description Since when the holder is asked to stop.
       */
      cancelRequestedAt: string | null;
      cancelReason: string | null;
      /**
       * Format: date-time
       * @description Since when the holder waits for input.
       */
      awaitingSince: string | null;
      /** Format: date-time */
      startedAt: string | null;
      /**
       * Format: date-time
       * @description When it ended, completed or not.
       */
      completedAt: string | null;
      progressMessage: string | null;
      error: {
        [key: string]: unknown;
      } | null;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      updatedAt: string;
    };
    LeaseView: {
      /** @description Every later write by the claimant carries it. */
      epoch: number;
      task: components['schemas']['TaskView'];
      /** Format: date-time */
      leaseExpiresAt: string;
    };
    LeasesView: {
      leases: components['schemas']['LeaseView'][];
    };
    HeldLeaseDto: {
      /** Format: uuid */
      taskId: string;
      /** @description What the claim gave. */
      epoch: number;
    };
    HeartbeatDto: {
      leases: components['schemas']['HeldLeaseDto'][];
      /** @description As the claim asked for, unless given. */
      leaseSeconds?: number;
    };
    HeartbeatResultView: {
      taskId: string;
      /**
       * @description What the task is now; `unknown` when there is none.
       * @enum {string}
       */
      status:
        | 'unknown'
        | 'timeout'
        | 'pending'
        | 'failed'
        | 'rejected'
        | 'accepted'
        | 'cancelled'
        | 'assigned'
        | 'in_progress'
        | 'awaiting_input'
        | 'completed';
      /**
       * Format: date-time
       * @description Until when it was extended.
       */
      leaseExpiresAt?: string;
      /**
       * Format: date-time
       * @description The attempt is over by then, and the task by its deadline: the earlier of the two.
       */
      endsAt?: string;
      /** @description Three quarters of that time are over. */
      endsSoon?: boolean;
      /** @description Stop working on the task, and release it. */
      cancelRequested?: boolean;
      /**
       * @description Why it was not extended: stop working on the task.
       * @enum {string}
       */
      code?: 'not_found' | 'lease_lost';
    };
    HeartbeatResultsView: {
      /** @description In the order given. */
      results: components['schemas']['HeartbeatResultView'][];
    };
    ProgressDto: {
      /** @description What the claim gave. */
      epoch: number;
      /** @description Per cent. */
      percent?: number;
      message?: string;
      /** @description What there is of the result so far, any JSON of at most 256 KiB. */
      partial?: unknown;
    };
    TaskAnswer: {
      task: components['schemas']['TaskView'];
    };
    ClaimNextDto: {
      /**
       * Format: uuid
       * @description The agent that will do the work.
       */
      agentId: string;
      /** @description Only tasks of these workspaces; any unless given. */
      workspaceIds?: string[];
      /** @description Only tasks of these types; any unless given. */
      types?: string[];
      /** @description How long the lease lasts without a heartbeat; 60 unless given. */
      leaseSeconds?: number;
      /**
       * @description `agent` unless given. Leases of the other kinds are not taken away when they expire.
       * @enum {string}
       */
      claimKind?: 'agent' | 'interactive' | 'human';
    };
    CompleteDto: {
      /** @description What the claim gave. */
      epoch: number;
      /** @description What came of it, any JSON of at most 256 KiB. */
      result?: unknown;
      /** @description Claims one task with the completion, in the same transaction where there is work at once. */
      claimNext?: components['schemas']['ClaimNextDto'];
    };
    CompletedView: {
      task: components['schemas']['TaskView'];
      /** @description What `claimNext` claimed; absent when there was nothing. */
      next?: components['schemas']['LeaseView'];
    };
    FailureDto: {
      /**
       * @description False when another attempt would fail as well; true unless given.
       * @enum {boolean}
       */
      retryable?: true | false;
      /** @description A stable word for the kind of failure. */
      code: string;
      message: string;
    };
    FailDto: {
      /** @description What the claim gave. */
      epoch: number;
      error: components['schemas']['FailureDto'];
    };
    ReleaseDto: {
      /** @description What the claim gave. */
      epoch: number;
      reason?: string;
    };
    PauseView: {
      /** @enum {string} */
      scope: 'type' | 'agent' | 'workspace';
      subject: string;
      reason: string | null;
      pausedBy: string;
      /** Format: date-time */
      pausedAt: string;
    };
    PausePage: {
      items: components['schemas']['PauseView'][];
      hasMore: boolean;
      /** @description The `after` of the next page. */
      nextCursor: string | null;
    };
    PauseDto: {
      reason?: string;
      /** @enum {string} */
      scope: 'workspace' | 'type' | 'agent';
      /** @description The id of the workspace or the agent, or the type. */
      subject: string;
    };
    PauseTargetDto: {
      /** @enum {string} */
      scope: 'workspace' | 'type' | 'agent';
      /** @description The id of the workspace or the agent, or the type. */
      subject: string;
    };
    ConcurrencyLimitView: {
      limit: number;
      running: number;
      key: string;
    };
    ConcurrencyLimitDto: {
      /** @description How many tasks of the key may run at once; 0 stops them. */
      limit: number;
      key: string;
    };
    RetryTasksDto: {
      ids?: string[];
      /** @description Failed and timed-out tasks of these workspaces. */
      workspaceIds?: string[];
      /** @description Failed and timed-out tasks of these types. */
      types?: string[];
    };
    RefusedRetryView: {
      taskId: string;
      code: string;
    };
    RetriedView: {
      /** @description Those that are pending again. */
      items: components['schemas']['TaskView'][];
      refused: components['schemas']['RefusedRetryView'][];
      /** @description Whether more tasks fit: ask again. */
      hasMore: boolean;
    };
    CancelDto: {
      reason?: string;
      /**
       * @description Its subtasks too, and theirs; false unless given.
       * @enum {boolean}
       */
      tree?: true | false;
    };
    CancelledView: {
      /** @description How many tasks were cancelled, it included. */
      cancelled: number;
      /** @description How many holders were asked to stop. */
      requested: number;
      /** @description As it is now: cancelled, or asked to stop. */
      task: components['schemas']['TaskView'];
    };
    AwaitInputDto: {
      /** @description What the claim gave. */
      epoch: number;
      /** @description What the agent needs to know, any JSON of at most 256 KiB. */
      request?: unknown;
    };
    InputDto: {
      /** @description The answer, any JSON of at most 256 KiB. */
      input: unknown;
    };
    EdgeView: {
      blockerId: string;
      blockedId: string;
      /** @enum {string} */
      kind: 'blocks' | 'waits_for' | 'conditional' | 'related' | 'parent_child' | 'discovered_from';
      /** @enum {string} */
      onFailure: 'hold' | 'fail' | 'skip' | 'proceed';
      /** @enum {string|null} */
      outcome: 'timeout' | 'failed' | 'cancelled' | 'completed' | null;
      /** Format: date-time */
      createdAt: string;
      /**
       * Format: date-time
       * @description When it ceased to block; a link never does.
       */
      resolvedAt: string | null;
    };
    EdgesView: {
      items: components['schemas']['EdgeView'][];
    };
    DependencyDto: {
      /**
       * @description `blocks`, unless given: not to be claimed before the other is completed. `waits_for`: before it has ended.
       *     `conditional`: before it ended as `outcome` says. The others are links.
       * @enum {string}
       */
      kind?: 'blocks' | 'waits_for' | 'conditional' | 'related' | 'parent_child' | 'discovered_from';
      /**
       * @description What becomes of this task when the other ends otherwise; `hold` unless given.
       * @enum {string}
       */
      onFailure?: 'hold' | 'fail' | 'skip' | 'proceed';
      /**
       * @description How the other must end: for `conditional`, and only for it.
       * @enum {string}
       */
      outcome?: 'completed' | 'failed' | 'cancelled' | 'timeout';
      /**
       * Format: uuid
       * @description The task that this one depends on.
       */
      taskId: string;
    };
    IntegrityCountsView: {
      tasks: number;
      edges: number;
      attempts: number;
      lanes: number;
      concurrencyKeys: number;
    };
    IntegrityEntityView: {
      /** @enum {string} */
      kind: 'concurrency_key' | 'edge' | 'task';
      /** @description Of an edge: the id of the task that depends. */
      id: string;
    };
    IntegrityIssueView: {
      /** @enum {string} */
      type:
        | 'dependency_cycle'
        | 'wrong_blocker_count'
        | 'stale_edge'
        | 'edge_to_nothing'
        | 'held_without_lease'
        | 'lease_without_holder'
        | 'holder_deleted'
        | 'missing_lane'
        | 'duplicate_dedupe_key'
        | 'concurrency_key_over_limit'
        | 'lease_not_taken_back'
        | 'deadline_not_met'
        | 'attempt_gap'
        | 'end_without_time'
        | 'stuck_parent';
      /**
       * @description `error`: something is broken. `warning`: it may be wanted.
       * @enum {string}
       */
      severity: 'error' | 'warning';
      entity: components['schemas']['IntegrityEntityView'];
      message: string;
      /** @description What to do about it. */
      fix: string;
    };
    IntegrityReportView: {
      /** Format: date-time */
      checkedAt: string;
      checked: components['schemas']['IntegrityCountsView'];
      /** @description A hundred of each type at most. */
      issues: components['schemas']['IntegrityIssueView'][];
      /** @description Whether there are more of a type than are shown. */
      truncated: boolean;
    };
    BlockerView: {
      taskId: string;
      title: string;
      /**
       * @description What that task is now; null when it is gone.
       * @enum {string|null}
       */
      status:
        | 'timeout'
        | 'pending'
        | 'failed'
        | 'rejected'
        | 'accepted'
        | 'cancelled'
        | 'assigned'
        | 'in_progress'
        | 'awaiting_input'
        | 'completed'
        | null;
      /** @enum {string} */
      kind: 'blocks' | 'waits_for' | 'conditional' | 'related' | 'parent_child' | 'discovered_from';
      /** @enum {string} */
      onFailure: 'hold' | 'fail' | 'skip' | 'proceed';
      /**
       * @description How it must end, for `conditional`.
       * @enum {string|null}
       */
      outcome: 'timeout' | 'failed' | 'cancelled' | 'completed' | null;
    };
    AbleAgentsView: {
      capable: number;
      active: number;
      paused: number;
      /** @description Active, not paused, and holding as many tasks as they can. */
      full: number;
    };
    RunnerView: {
      taskId: string;
      agentId: string | null;
      /** Format: date-time */
      leaseExpiresAt: string | null;
    };
    ReasonView: {
      /** @description How many there are, also of those that are not named. */
      count?: number;
      epoch?: number;
      limit?: number;
      /** @description What its holder asked. */
      request?: unknown;
      attempt?: number;
      maxAttempts?: number;
      /** @description How many ready tasks of its lane are claimed before it; counted up to 1,000. */
      before?: number;
      /** @enum {string} */
      code:
        | 'held'
        | 'ready'
        | 'rejected'
        | 'accepted'
        | 'cancelled'
        | 'assigned'
        | 'awaiting_input'
        | 'completed'
        | 'backoff'
        | 'timed_out'
        | 'cancel_requested'
        | 'deadline_passed'
        | 'blocked'
        | 'held_by_blocker'
        | 'scheduled'
        | 'deadline_near'
        | 'no_capable_agent'
        | 'capable_agents_not_active'
        | 'capable_agents_paused'
        | 'capable_agents_full'
        | 'concurrency_key_full'
        | 'workspace_paused'
        | 'type_paused'
        | 'assigned_agent_gone'
        | 'assigned_agent_not_active'
        | 'assigned_agent_paused'
        | 'assigned_agent_full'
        | 'lease_over'
        | 'overdue'
        | 'attempts_used_up'
        | 'not_retryable'
        | 'blocker_failed'
        | 'skipped';
      /** @description One sentence. */
      message: string;
      /**
       * Format: date-time
       * @description When it ends by itself.
       */
      until?: string;
      /** Format: date-time */
      since?: string;
      /** @description Which tasks block; the first twenty. */
      blockers?: components['schemas']['BlockerView'][];
      /** @description Who holds the task, or is to do it. */
      agentId?: string;
      /** @enum {string} */
      agentStatus?: 'error' | 'active' | 'draining' | 'offline' | 'starting' | 'inactive' | 'maintenance';
      /** @enum {string} */
      claimKind?: 'agent' | 'human' | 'interactive';
      /**
       * Format: date-time
       * @description When the attempt is over, lease or not.
       */
      timeoutAt?: string;
      requiredCapabilities?: string[];
      agents?: components['schemas']['AbleAgentsView'];
      concurrencyKey?: string;
      /** @description Tasks of the concurrency key that run; the first twenty. */
      running?: components['schemas']['RunnerView'][];
      /** @description Who paused it. */
      by?: string;
      /** @description What was said when it was paused or cancelled. */
      why?: string | null;
      error?: {
        [key: string]: unknown;
      } | null;
    };
    ExplanationView: {
      taskId: string;
      /** @enum {string} */
      status:
        | 'timeout'
        | 'pending'
        | 'failed'
        | 'rejected'
        | 'accepted'
        | 'cancelled'
        | 'assigned'
        | 'in_progress'
        | 'awaiting_input'
        | 'completed';
      /** @description Why it is not running, or what it is doing, in one sentence. */
      summary: string;
      /** @description Every reason; none is left out because another is stronger. */
      reasons: components['schemas']['ReasonView'][];
    };
    AttemptView: {
      epoch: number;
      agentId: string;
      /** @enum {string} */
      claimKind: 'agent' | 'human' | 'interactive';
      /** Format: date-time */
      claimedAt: string;
      /**
       * Format: date-time
       * @description Null while it runs.
       */
      endedAt: string | null;
      /** @enum {string|null} */
      outcome: 'failed' | 'expired' | 'released' | 'cancelled' | 'completed' | 'timed_out' | null;
      error: {
        [key: string]: unknown;
      } | null;
    };
    TimelineView: {
      /** @description Its events in order. A page may have none and yet be followed by others: so much of the feed has been looked through. */
      items: components['schemas']['CloudEvent'][];
      /** @description Every attempt, oldest first; the running one last. On each page. */
      attempts: components['schemas']['AttemptView'][];
      hasMore: boolean;
      /** @description The `after` of the next page. */
      nextCursor: string | null;
    };
    DurationsView: {
      count: number;
      mean: number | null;
      p50: number | null;
      p95: number | null;
      p99: number | null;
    };
    TaskStatsView: {
      total: number;
      byStatus: {
        [key: string]: number;
      };
      byPriority: {
        [key: string]: number;
      };
      /** @description The hundred types with the most tasks. */
      byType: {
        [key: string]: number;
      };
      /** @description By the id of who is to do it, does it or did it last; the hundred with the most tasks. */
      byAgent: {
        [key: string]: number;
      };
      /** @description How many can be claimed now, pauses and limits apart. */
      ready: number;
      /** @description How long the oldest of them has been ready; 0 when there is none. */
      oldestReadySeconds: number;
      /** @description From creation to completion. */
      completion: components['schemas']['DurationsView'];
      /** @description From ready to the last claim, of the completed ones. */
      claim: components['schemas']['DurationsView'];
    };
    WorkloadView: {
      /** @description Assigned to it, and not begun. */
      pending: number;
      /** @description Held by it. */
      active: number;
      /** @description Since midnight UTC. */
      completedToday: number;
      /** @description How many tasks it holds at once at most; null is no limit. */
      capacity: number | null;
      agentId: string;
      /** @enum {string} */
      status: 'error' | 'active' | 'draining' | 'offline' | 'starting' | 'inactive' | 'maintenance';
      /** @description From claim to completion; null when it has completed nothing. */
      meanSeconds: number | null;
    };
    TaskPage: {
      /** @description When asked for by `withTotal`. */
      totalCount?: number;
      items: components['schemas']['TaskView'][];
      hasMore: boolean;
      /** @description The `after` of the next page. */
      nextCursor: string | null;
    };
    DescendantView: {
      /** @description 1 for a child. */
      depth: number;
      task: components['schemas']['TaskView'];
    };
    TreeView: {
      task: components['schemas']['TaskView'];
      /** @description Level by level, in order of creation; each names its parent. A thousand at most. */
      descendants: components['schemas']['DescendantView'][];
      /** @description Whether there are more than are shown, apart from those that lie deeper. */
      truncated: boolean;
    };
    CreateTaskDto: {
      /** @description What the agent needs to know, any JSON object. */
      parameters?: {
        [key: string]: unknown;
      };
      /**
       * @description Claims take the most urgent first; normal unless given.
       * @enum {string}
       */
      priority?: 'critical' | 'high' | 'normal' | 'low' | 'backlog';
      /** @description Only an agent that has all of these can claim the task. */
      requiredCapabilities?: string[];
      tags?: string[];
      /** @description Strings by name, for your own use. */
      labels?: {
        [key: string]: string;
      };
      /**
       * Format: date-time
       * @description Not to be claimed before this time.
       */
      runAt?: string | null;
      /**
       * Format: date-time
       * @description The task times out when it is not completed by then.
       */
      deadline?: string | null;
      /** @description How often it is tried before it has failed; 3 unless given. */
      maxAttempts?: number;
      /** @description How long an attempt may take, with heartbeats or without; 3,600 unless given. */
      timeoutSeconds?: number;
      /** @description How long it waits between attempts; exponential from 1 s to 300 s unless given. */
      retry?: components['schemas']['RetryDto'] | null;
      /**
       * Format: uuid
       * @description The tenant's default workspace unless given.
       */
      workspaceId?: string;
      /** Format: uuid */
      parentTaskId?: string | null;
      /**
       * Format: uuid
       * @description The agent that is to do it: nobody else can claim it until that agent gave it back or lost it.
       */
      assignedTo?: string | null;
      dependsOn?: components['schemas']['DependencyDto'][];
      /** @description What kind of work it is; agents can claim by it. */
      type: string;
      title: string;
      /** @description While the task is open, no other task of the tenant can have this key. */
      dedupeKey?: string | null;
      /** @description Of the tasks that share this key only as many run at once as its limit allows; one unless set. */
      concurrencyKey?: string | null;
      description?: string | null;
      /** @description The id it has in the system it came from. */
      externalRef?: string | null;
    };
    BatchDependencyDto: {
      /**
       * @description `blocks`, unless given: not to be claimed before the other is completed. `waits_for`: before it has ended.
       *     `conditional`: before it ended as `outcome` says. The others are links.
       * @enum {string}
       */
      kind?: 'blocks' | 'waits_for' | 'conditional' | 'related' | 'parent_child' | 'discovered_from';
      /**
       * @description What becomes of this task when the other ends otherwise; `hold` unless given.
       * @enum {string}
       */
      onFailure?: 'hold' | 'fail' | 'skip' | 'proceed';
      /**
       * @description How the other must end: for `conditional`, and only for it.
       * @enum {string}
       */
      outcome?: 'completed' | 'failed' | 'cancelled' | 'timeout';
      /**
       * Format: uuid
       * @description A task that exists. Either this or `ref`.
       */
      taskId?: string;
      /** @description A task of the same batch. */
      ref?: string;
    };
    BatchTaskDto: {
      /** @description What the agent needs to know, any JSON object. */
      parameters?: {
        [key: string]: unknown;
      };
      /**
       * @description Claims take the most urgent first; normal unless given.
       * @enum {string}
       */
      priority?: 'critical' | 'high' | 'normal' | 'low' | 'backlog';
      /** @description Only an agent that has all of these can claim the task. */
      requiredCapabilities?: string[];
      tags?: string[];
      /** @description Strings by name, for your own use. */
      labels?: {
        [key: string]: string;
      };
      /**
       * Format: date-time
       * @description Not to be claimed before this time.
       */
      runAt?: string | null;
      /**
       * Format: date-time
       * @description The task times out when it is not completed by then.
       */
      deadline?: string | null;
      /** @description How often it is tried before it has failed; 3 unless given. */
      maxAttempts?: number;
      /** @description How long an attempt may take, with heartbeats or without; 3,600 unless given. */
      timeoutSeconds?: number;
      /** @description How long it waits between attempts; exponential from 1 s to 300 s unless given. */
      retry?: components['schemas']['RetryDto'] | null;
      /**
       * Format: uuid
       * @description The tenant's default workspace unless given.
       */
      workspaceId?: string;
      /** Format: uuid */
      parentTaskId?: string | null;
      /**
       * Format: uuid
       * @description The agent that is to do it: nobody else can claim it until that agent gave it back or lost it.
       */
      assignedTo?: string | null;
      /** @description A name within the batch, by which its other tasks can depend on this one. */
      ref?: string;
      /** @description The parent, as a task of the same batch. */
      parentRef?: string;
      dependsOn?: components['schemas']['BatchDependencyDto'][];
      /** @description What kind of work it is; agents can claim by it. */
      type: string;
      title: string;
      /** @description While the task is open, no other task of the tenant can have this key. */
      dedupeKey?: string | null;
      /** @description Of the tasks that share this key only as many run at once as its limit allows; one unless set. */
      concurrencyKey?: string | null;
      description?: string | null;
      /** @description The id it has in the system it came from. */
      externalRef?: string | null;
    };
    CreateTasksDto: {
      /** @description All are made, or none. */
      tasks: components['schemas']['BatchTaskDto'][];
    };
    BatchItemView: {
      id: string;
      ref?: string;
    };
    BatchView: {
      /** @description In the order given. */
      items: components['schemas']['BatchItemView'][];
    };
    ImportedTaskDto: {
      /** @description What the agent needs to know, any JSON object. */
      parameters?: {
        [key: string]: unknown;
      };
      /**
       * @description Claims take the most urgent first; normal unless given.
       * @enum {string}
       */
      priority?: 'critical' | 'high' | 'normal' | 'low' | 'backlog';
      /** @description Only an agent that has all of these can claim the task. */
      requiredCapabilities?: string[];
      tags?: string[];
      /** @description Strings by name, for your own use. */
      labels?: {
        [key: string]: string;
      };
      /**
       * Format: date-time
       * @description Not to be claimed before this time.
       */
      runAt?: string | null;
      /**
       * Format: date-time
       * @description The task times out when it is not completed by then.
       */
      deadline?: string | null;
      /** @description How often it is tried before it has failed; 3 unless given. */
      maxAttempts?: number;
      /** @description How long an attempt may take, with heartbeats or without; 3,600 unless given. */
      timeoutSeconds?: number;
      /** @description How long it waits between attempts; exponential from 1 s to 300 s unless given. */
      retry?: components['schemas']['RetryDto'] | null;
      /**
       * Format: uuid
       * @description The tenant's default workspace unless given.
       */
      workspaceId?: string;
      /** Format: uuid */
      parentTaskId?: string | null;
      /**
       * Format: uuid
       * @description The agent that is to do it: nobody else can claim it until that agent gave it back or lost it.
       */
      assignedTo?: string | null;
      /** @description A name within the batch, by which its other tasks can depend on this one. */
      ref?: string;
      /** @description The parent, as a task of the same batch. */
      parentRef?: string;
      dependsOn?: components['schemas']['BatchDependencyDto'][];
      /**
       * @description Where it stood where it came from; pending unless given.
       * @enum {string}
       */
      status?: 'pending' | 'completed' | 'cancelled';
      /** Format: date-time */
      createdAt?: string;
      /**
       * Format: date-time
       * @description When it ended, for one that has.
       */
      completedAt?: string;
      /** @description What kind of work it is; agents can claim by it. */
      type: string;
      title: string;
      /** @description While the task is open, no other task of the tenant can have this key. */
      dedupeKey?: string | null;
      /** @description Of the tasks that share this key only as many run at once as its limit allows; one unless set. */
      concurrencyKey?: string | null;
      description?: string | null;
      /** @description The id it has in the system it came from. */
      externalRef?: string | null;
    };
    ImportTasksDto: {
      tasks: components['schemas']['ImportedTaskDto'][];
    };
    GetTasksDto: {
      ids: string[];
    };
    TasksByIdView: {
      /** @description In the order asked. */
      items: components['schemas']['TaskView'][];
      /** @description Ids that name no task. */
      missing: string[];
    };
    AttemptsView: {
      items: components['schemas']['AttemptView'][];
    };
    UpdateTaskDto: {
      /** @description What the agent needs to know, any JSON object. */
      parameters?: {
        [key: string]: unknown;
      };
      /**
       * @description Claims take the most urgent first; normal unless given.
       * @enum {string}
       */
      priority?: 'critical' | 'high' | 'normal' | 'low' | 'backlog';
      /** @description Only an agent that has all of these can claim the task. */
      requiredCapabilities?: string[];
      tags?: string[];
      /** @description Strings by name, for your own use. */
      labels?: {
        [key: string]: string;
      };
      /**
       * Format: date-time
       * @description Not to be claimed before this time.
       */
      runAt?: string | null;
      /**
       * Format: date-time
       * @description The task times out when it is not completed by then.
       */
      deadline?: string | null;
      /** @description How often it is tried before it has failed; 3 unless given. */
      maxAttempts?: number;
      /** @description How long an attempt may take, with heartbeats or without; 3,600 unless given. */
      timeoutSeconds?: number;
      /** @description How long it waits between attempts; exponential from 1 s to 300 s unless given. */
      retry?: components['schemas']['RetryDto'] | null;
      title?: string;
      description?: string | null;
      /** @description The id it has in the system it came from. */
      externalRef?: string | null;
    };
    DocumentLockView: {
      /** @description Rises with every grant of the document; send it as `lockToken` with what you write. */
      token: number;
      id: string;
      documentId: string;
      /** @enum {string} */
      mode: 'shared' | 'section' | 'exclusive';
      section: string | null;
      holder: string;
      /** Format: date-time */
      acquiredAt: string;
      /** Format: date-time */
      expiresAt: string;
    };
    DocumentLockList: {
      items: components['schemas']['DocumentLockView'][];
    };
    AcquireDocumentLock: {
      /** @description With `section`: a JSON Pointer in a JSON document, else the text of a heading. */
      section?: string;
      /** @description When it ends unless it is renewed; 300 when left out. */
      seconds?: number;
      /** @description How long to wait in the queue; not at all when left out. */
      waitSeconds?: number;
      /**
       * @description `exclusive`: only the holder writes. `shared`: nobody writes. `section`: only the holder writes in the section.
       * @enum {string}
       */
      mode: 'exclusive' | 'shared' | 'section';
    };
    RenewDocumentLock: {
      /** @description From now on; 300 when left out. */
      seconds?: number;
    };
    CreateDocument: {
      /** Format: uuid */
      taskId?: string;
      epoch?: number;
      /**
       * @description Text unless said otherwise. What is `json` must be JSON.
       * @enum {string}
       */
      contentType?: 'text' | 'markdown' | 'json' | 'yaml' | 'code';
      /** @description At most 1 MiB of UTF-8. */
      content?: string;
      /** @description Strings by name, for your own use. */
      labels?: {
        [key: string]: string;
      };
      title: string;
      /**
       * @description Versioned ones are written by version and merged; live ones by any number of Yjs replicas at once.
       * @enum {string}
       */
      kind: 'versioned' | 'live';
    };
    DocumentView: {
      /** @description Of the content in UTF-8. */
      bytes: number;
      /** @description Rises with every change; the ETag. */
      version: number;
      content: string;
      id: string;
      workspaceId: string;
      /** @enum {string} */
      kind: 'versioned' | 'live';
      title: string;
      /** @enum {string} */
      contentType: 'text' | 'code' | 'json' | 'yaml' | 'markdown';
      labels: {
        [key: string]: string;
      };
      /** @description An agent's id, a key's id or an OIDC subject. */
      createdBy: string;
      lastModifiedBy: string;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      updatedAt: string;
    };
    DocumentEntry: {
      /** @description Of the content in UTF-8. */
      bytes: number;
      /** @description Rises with every change; the ETag. */
      version: number;
      id: string;
      workspaceId: string;
      /** @enum {string} */
      kind: 'versioned' | 'live';
      title: string;
      /** @enum {string} */
      contentType: 'text' | 'code' | 'json' | 'yaml' | 'markdown';
      labels: {
        [key: string]: string;
      };
      /** @description An agent's id, a key's id or an OIDC subject. */
      createdBy: string;
      lastModifiedBy: string;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      updatedAt: string;
    };
    DocumentPage: {
      items: components['schemas']['DocumentEntry'][];
      hasMore: boolean;
      /** @description The `after` of the next page. */
      nextCursor: string | null;
    };
    FoundDocument: {
      id: string;
      title: string;
      workspaceId: string;
      /** @description The higher, the better the match. */
      rank: number;
      /** @description Pieces of the content with the words that were found between « and ». */
      highlights: string;
    };
    FoundDocuments: {
      items: components['schemas']['FoundDocument'][];
    };
    UpdateWithStrategy: {
      /** Format: uuid */
      taskId?: string;
      epoch?: number;
      /** @description Of your lock: the write is refused when you have lost it to somebody else. */
      lockToken?: number;
      title?: string;
      /** @description The whole new content, at most 1 MiB of UTF-8. */
      content?: string;
      /** @enum {string} */
      contentType?: 'text' | 'markdown' | 'json' | 'yaml' | 'code';
      /** @description Replaces all labels. */
      labels?: {
        [key: string]: string;
      };
      /**
       * @description For a change that was made from an older version. Left out, such a change is refused.
       * @enum {string}
       */
      strategy?: 'latest_wins' | 'merge' | 'manual';
    };
    ConflictView: {
      /** @enum {string} */
      kind: 'lines' | 'json' | 'title' | 'recorded';
      baseVersion: number | null;
      currentVersion: number | null;
      baseClock: {
        [key: string]: number;
      };
      currentClock: {
        [key: string]: number;
      };
      proposedClock: {
        [key: string]: number;
      };
      /** @enum {string} */
      strategy: 'latest_wins' | 'merge' | 'manual' | 'custom';
      id: string;
      documentId: string;
      /** @description RFC 6901 pointer, or lines of the base such as `lines 3-5`. */
      path: string;
      base: string | null;
      /** @description What the document had. */
      current: string | null;
      /** @description What somebody wanted it to have. */
      proposed: string | null;
      proposedBy: string;
      /** Format: date-time */
      createdAt: string;
      /**
       * @description Null while it is open.
       * @enum {string|null}
       */
      resolution: 'custom' | 'current' | 'proposed' | null;
      resolvedBy: string | null;
      /** Format: date-time */
      resolvedAt: string | null;
    };
    WrittenView: {
      /** @description Of the content in UTF-8. */
      bytes: number;
      /** @description Rises with every change; the ETag. */
      version: number;
      content: string;
      id: string;
      workspaceId: string;
      /** @enum {string} */
      kind: 'versioned' | 'live';
      title: string;
      /** @enum {string} */
      contentType: 'text' | 'code' | 'json' | 'yaml' | 'markdown';
      labels: {
        [key: string]: string;
      };
      /** @description An agent's id, a key's id or an OIDC subject. */
      createdBy: string;
      lastModifiedBy: string;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      updatedAt: string;
      conflicts: components['schemas']['ConflictView'][];
    };
    EditPlace: {
      /** @enum {string} */
      edge?: 'start' | 'end';
      /** @description Before this text, which must be there once. */
      before?: string;
      /** @description After this text, which must be there once. */
      after?: string;
      /** @description At the beginning of this line; the first is 1. */
      line?: number;
    };
    DocumentEdit: {
      /** @description A text that is there once, or with `all` at least once. */
      find?: string;
      replace?: string;
      /** @description Every occurrence instead of the only one. */
      all?: boolean;
      insert?: string;
      at?: components['schemas']['EditPlace'];
      /** @description JSON Patch, RFC 6902. */
      patch?: {
        [key: string]: unknown;
      }[];
      /** @description JSON Merge Patch, RFC 7396. */
      merge?: {
        [key: string]: unknown;
      };
    };
    EditDocument: {
      /** Format: uuid */
      taskId?: string;
      epoch?: number;
      /** @description Of your lock: the write is refused when you have lost it to somebody else. */
      lockToken?: number;
      /** @description Applied one after the other; all or none. */
      edits: components['schemas']['DocumentEdit'][];
      /** @description The version that the edits were made from; the newest when left out. */
      baseVersion?: number;
      /**
       * @description What becomes of edits of an older version that do not merge; `merge` when left out.
       * @enum {string}
       */
      strategy?: 'latest_wins' | 'merge' | 'manual';
    };
    ConflictPage: {
      items: components['schemas']['ConflictView'][];
      hasMore: boolean;
      /** @description The `after` of the next page. */
      nextCursor: string | null;
    };
    RecordConflict: {
      base?: string;
      current?: string;
      proposed?: string;
      /** @description Where, in the words of the application. */
      path: string;
    };
    ResolveConflict: {
      /** Format: uuid */
      taskId?: string;
      epoch?: number;
      /** @description Of your lock: the write is refused when you have lost it to somebody else. */
      lockToken?: number;
      /** @description With `custom`: the text that replaces what the document has there, or the JSON of the value at the path. */
      value?: string;
      /**
       * @description What the document has, what was proposed, or `value`.
       * @enum {string}
       */
      choose: 'current' | 'proposed' | 'custom';
    };
    DiffView: {
      from: number;
      to: number;
      /** @description In the unified format. */
      diff: string;
    };
    BlameLines: {
      /** @description The first line, from 1. */
      from: number;
      /** @description The last line. */
      to: number;
      /** @description Of the change that last touched them. */
      version: number;
      /** @description Null for lines that are older than the kept operations. */
      agentId: string | null;
      /** Format: date-time */
      at: string | null;
    };
    BlameView: {
      version: number;
      lines: components['schemas']['BlameLines'][];
    };
    SuggestEdits: {
      /** @description Applied one after the other; all or none. */
      edits: components['schemas']['DocumentEdit'][];
      /** @description Why. */
      reason?: string;
      /** @description The version that the edits were made from; the newest when left out. */
      baseVersion?: number;
      /**
       * Format: uuid
       * @description An open suggestion of your own, which this one replaces.
       */
      supersedes?: string;
    };
    SuggestionEntryView: {
      /** @description The version that the edits were made from. */
      baseVersion: number;
      /** @description The version of the document that has it. */
      acceptedVersion: number | null;
      id: string;
      documentId: string;
      /** @enum {string} */
      status: 'open' | 'rejected' | 'accepted' | 'superseded';
      authorId: string;
      reason: string | null;
      /** Format: date-time */
      createdAt: string;
      /** @description Null while it is open. */
      decidedBy: string | null;
      /** Format: date-time */
      decidedAt: string | null;
      /** @description What who decided said of it. */
      note: string | null;
      /** @description The newer suggestion of the same author. */
      supersededBy: string | null;
    };
    SuggestionPage: {
      items: components['schemas']['SuggestionEntryView'][];
      hasMore: boolean;
      /** @description The `after` of the next page. */
      nextCursor: string | null;
    };
    SuggestionView: {
      /** @description The version that the edits were made from. */
      baseVersion: number;
      /** @description The version of the document that has it. */
      acceptedVersion: number | null;
      edits: components['schemas']['DocumentEdit'][];
      /** @description What the edits make of the version that they were made from, in the unified format; null once it is decided. */
      diff: string | null;
      id: string;
      documentId: string;
      /** @enum {string} */
      status: 'open' | 'rejected' | 'accepted' | 'superseded';
      authorId: string;
      reason: string | null;
      /** Format: date-time */
      createdAt: string;
      /** @description Null while it is open. */
      decidedBy: string | null;
      /** Format: date-time */
      decidedAt: string | null;
      /** @description What who decided said of it. */
      note: string | null;
      /** @description The newer suggestion of the same author. */
      supersededBy: string | null;
    };
    AcceptSuggestion: {
      /** Format: uuid */
      taskId?: string;
      epoch?: number;
      /** @description Of your lock: the write is refused when you have lost it to somebody else. */
      lockToken?: number;
      note?: string;
    };
    AcceptedView: {
      /** @description Of the content in UTF-8. */
      bytes: number;
      /** @description Rises with every change; the ETag. */
      version: number;
      content: string;
      id: string;
      workspaceId: string;
      /** @enum {string} */
      kind: 'versioned' | 'live';
      title: string;
      /** @enum {string} */
      contentType: 'text' | 'code' | 'json' | 'yaml' | 'markdown';
      labels: {
        [key: string]: string;
      };
      /** @description An agent's id, a key's id or an OIDC subject. */
      createdBy: string;
      lastModifiedBy: string;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      updatedAt: string;
      suggestion: components['schemas']['SuggestionEntryView'];
    };
    RejectSuggestion: {
      /** @description Why, for the author to read. */
      note?: string;
    };
    OperationView: {
      /** @description 1, 2, 3 … in each document, without gaps. */
      sequence: number;
      /** @description Of a change of a versioned document: its title, and `splices` [at, deleted, inserted] in UTF-16 code units. */
      value: unknown;
      epoch: number | null;
      vectorClock: {
        [key: string]: number;
      };
      /** @description Of the document after it; null where it left the content as it was. */
      version: number | null;
      id: string;
      /** @enum {string} */
      operationType: 'delete' | 'insert' | 'update' | 'move' | 'format' | 'merge';
      path: string | null;
      agentId: string;
      taskId: string | null;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      appliedAt: string | null;
    };
    OperationList: {
      items: components['schemas']['OperationView'][];
    };
    RecordOperation: {
      /** Format: uuid */
      taskId?: string;
      epoch?: number;
      /**
       * Format: uuid
       * @description Given where the operation may be sent again; the second one is refused.
       */
      id?: string;
      /** @description Where in the document, in the words of the application's model. */
      path?: string;
      /** @description What, in the words of the application's model. */
      value: unknown;
      /** @description Which author's how many operations its author knew. */
      vectorClock?: {
        [key: string]: number;
      };
      /** @description False for one that waits until somebody marks it as applied. */
      applied?: boolean;
      /** @enum {string} */
      operationType: 'insert' | 'delete' | 'update' | 'move' | 'format' | 'merge';
    };
    RecordedView: {
      sequence: number;
      id: string;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      appliedAt: string | null;
    };
    CompactOperations: {
      /** @description Operations with a lower number are removed. */
      beforeSequence: number;
    };
    Removed: {
      removed: number;
    };
    VersionView: {
      version: number;
      title: string;
      content: string;
    };
    RestoreDocument: {
      /** Format: uuid */
      taskId?: string;
      epoch?: number;
      /** @description Of your lock: the write is refused when you have lost it to somebody else. */
      lockToken?: number;
      /** @description The version whose title and content are to be there again; it becomes that of a new version. */
      version: number;
    };
    SnapshotEntryView: {
      /** @description Of the last operation that it holds. */
      sequence: number;
      version: number;
      bytes: number;
      vectorClock: {
        [key: string]: number;
      };
      id: string;
      title: string;
      label: string | null;
      createdBy: string;
      /** Format: date-time */
      createdAt: string;
    };
    SnapshotPage: {
      items: components['schemas']['SnapshotEntryView'][];
      hasMore: boolean;
      /** @description The `after` of the next page. */
      nextCursor: string | null;
    };
    CreateSnapshot: {
      label?: string;
    };
    SnapshotView: {
      /** @description Of the last operation that it holds. */
      sequence: number;
      version: number;
      bytes: number;
      vectorClock: {
        [key: string]: number;
      };
      id: string;
      title: string;
      label: string | null;
      createdBy: string;
      /** Format: date-time */
      createdAt: string;
      content: string;
    };
    PurgeSnapshots: {
      /** @description How many of the newest ones stay. */
      keepLast: number;
    };
    DocumentStatsView: {
      version: number;
      bytes: number;
      /** @description Of the log, as far as it is kept. */
      operations: number;
      pendingOperations: number;
      authors: number;
      snapshots: number;
      snapshotBytes: number;
      /** Format: date-time */
      firstOperationAt: string | null;
      /** Format: date-time */
      lastOperationAt: string | null;
    };
    DocumentReportCounts: {
      operations: number;
      snapshots: number;
    };
    DocumentIssueView: {
      /** @enum {string} */
      type: 'sequence_gap' | 'missing_clock' | 'snapshot_not_monotonic' | 'snapshot_ahead' | 'content_differs';
      /** @enum {string} */
      severity: 'error';
      message: string;
      fix: string;
    };
    DocumentReportView: {
      checked: components['schemas']['DocumentReportCounts'];
      issues: components['schemas']['DocumentIssueView'][];
    };
    FollowedFeed: {
      /** @description Up to here the events are acknowledged. */
      acknowledged: number;
      /** @description Last number of the feed. */
      last: number;
      /** @description Events that are not acknowledged, those that the filter leaves out included. */
      lag: number;
      /** @description Left out for the feed of the tenant. */
      workspaceId?: string;
    };
    SubscriberView: {
      /** @description Of the newest opening. */
      epoch: number;
      name: string;
      /** @description The actor who made it. */
      owner: string;
      feeds: components['schemas']['FollowedFeed'][];
      /** @description As given with the newest opening; all types when empty. */
      types: string[];
      /** @description The same. */
      subjects: string[];
      /** Format: date-time */
      createdAt: string;
      /**
       * Format: date-time
       * @description The last opening or acknowledgement; at most an hour old while it is open.
       */
      updatedAt: string;
    };
    SubscriberPage: {
      items: components['schemas']['SubscriberView'][];
      hasMore: boolean;
      /** @description The `after` of the next page. */
      nextCursor: string | null;
    };
    AcknowledgedFeed: {
      /**
       * Format: uuid
       * @description The workspace whose feed it is; the tenant's own when left out.
       */
      workspaceId?: string;
      /** @description The number of the event up to which all were dealt with. */
      seq: number;
    };
    Acknowledge: {
      /** @description All of them count, or none. */
      feeds: components['schemas']['AcknowledgedFeed'][];
      /** @description Of the opening that the events came by; 409 `subscriber_taken_over` when there is a newer one. */
      epoch?: number;
    };
    Acknowledged: {
      /** @description Up to where the feeds are acknowledged now, which may be further than was said. */
      feeds: components['schemas']['AcknowledgedFeed'][];
    };
    FeedPlace: {
      /**
       * Format: uuid
       * @description The workspace whose feed it is; the tenant's own feed when left out.
       */
      workspaceId?: string;
      /** @description The number of the last event that was read; from the oldest one kept when left out. */
      after?: number;
    };
    SubscribeParams: {
      /** @description Feeds to follow, each from its cursor. */
      feeds: components['schemas']['FeedPlace'][];
      /** @description Only events of these types, such as task.created, or task.* for all that begin so. */
      types?: string[];
      /** @description Only what happened to these: ids of tasks, agents or workspaces, alone or as task/<id>, or task/* for all of a kind. */
      subjects?: string[];
      /**
       * @description Opens the subscriber of this name, and makes it where there is none: feeds that it knows begin after what was
       *     acknowledged, whatever `after` says. An older opening of it ends.
       */
      subscriber?: string;
    };
    AuditRecordDto: {
      status: number;
      id: string;
      /** Format: date-time */
      time: string;
      actorId: string;
      /** @description The API key that was used; null for an access token. */
      keyId: string | null;
      /** @description Method and route. */
      operation: string;
      subjectId: string | null;
      /** @description The problem's code, where the request was refused. */
      code: string | null;
      requestId: string | null;
      ip: string | null;
      userAgent: string | null;
    };
    AuditPageDto: {
      items: components['schemas']['AuditRecordDto'][];
      hasMore: boolean;
      nextCursor: string | null;
    };
    /** @description RFC 9457. Further members depend on `code`; refused input lists its fields under `errors`. */
    Problem: {
      /**
       * Format: uri
       * @example urn:muster:problem:invalid_input
       */
      type: string;
      title: string;
      status: number;
      detail: string;
      /**
       * @description Stable; decide by it.
       * @example invalid_input
       */
      code: string;
      /** @description The id of the request, as in X-Request-Id. */
      instance: string;
      errors?: {
        /** @example tasks[2].priority */
        field: string;
        /** @example isIn */
        rule: string;
        message: string;
      }[];
    } & {
      [key: string]: unknown;
    };
    'agent.deleted': {
      name: string;
      version: number;
    };
    'agent.registered': {
      name: string;
      /** @enum {string} */
      status: 'offline' | 'starting' | 'active' | 'draining' | 'inactive' | 'maintenance' | 'error';
      /** @enum {string} */
      kind: 'agent' | 'human' | 'service';
      capabilities: string[];
      /** @description Tasks held at once at most; null is no limit. */
      capacity: number | null;
      labels: {
        [key: string]: string;
      };
      version: number;
    };
    'agent.status_changed': {
      name: string;
      /** @enum {string} */
      from: 'offline' | 'starting' | 'active' | 'draining' | 'inactive' | 'maintenance' | 'error';
      /** @enum {string} */
      to: 'offline' | 'starting' | 'active' | 'draining' | 'inactive' | 'maintenance' | 'error';
      version: number;
    };
    'agent.updated': {
      name: string;
      /** @description The new values. */
      changes: {
        /** @enum {string} */
        kind?: 'agent' | 'human' | 'service';
        capabilities?: string[];
        /** @description Tasks held at once at most; null is no limit. */
        capacity?: number | null;
        labels?: {
          [key: string]: string;
        };
      };
      version: number;
    };
    'document.changed': {
      sequence: number;
    };
    'document.conflict_resolved': {
      /** Format: uuid */
      conflictId: string;
      /** @enum {string} */
      resolution: 'current' | 'proposed' | 'custom';
    };
    'document.conflicted': {
      conflicts: string[];
    };
    'document.created': {
      title: string;
      /** @enum {string} */
      kind: 'versioned' | 'live';
      /** @enum {string} */
      contentType: 'text' | 'markdown' | 'json' | 'yaml' | 'code';
      version: number;
    };
    'document.deleted': {
      title: string;
      /** @enum {string} */
      kind: 'versioned' | 'live';
      /** @enum {string} */
      contentType: 'text' | 'markdown' | 'json' | 'yaml' | 'code';
      version: number;
    };
    'document.locked': {
      /** @enum {string} */
      mode: 'exclusive' | 'shared' | 'section';
      section: string | null;
      holder: string;
      token: number;
      /** Format: date-time */
      expiresAt: string;
    };
    'document.suggested': {
      /** Format: uuid */
      suggestionId: string;
      authorId: string;
      baseVersion: number;
    };
    'document.suggestion_accepted': {
      /** Format: uuid */
      suggestionId: string;
      authorId: string;
      version: number;
    };
    'document.suggestion_rejected': {
      /** Format: uuid */
      suggestionId: string;
      authorId: string;
    };
    'document.suggestion_superseded': {
      /** Format: uuid */
      suggestionId: string;
      authorId: string;
      /** Format: uuid */
      supersededBy: string;
    };
    'document.unlocked': {
      /** @enum {string} */
      mode: 'exclusive' | 'shared' | 'section';
      section: string | null;
      holder: string;
      token: number;
      /** Format: date-time */
      expiresAt: string;
    };
    'task.attempt_failed': {
      /**
       * Format: uuid
       * @description Who held the task; null when nobody did.
       */
      agentId: string | null;
      /** @description The newest claim. */
      epoch: number;
      /** @description The number of the newest attempt. */
      attempt: number;
      /**
       * @description How it ended; `blocked`: by the policy of an edge.
       * @enum {string}
       */
      outcome: 'failed' | 'released' | 'expired' | 'timed_out' | 'cancelled' | 'blocked';
      /** @description Code and message of what went wrong. */
      error: Record<string, never> | null;
      /**
       * @description What the task is now.
       * @enum {string}
       */
      status: 'pending' | 'failed' | 'timeout' | 'cancelled';
    };
    'task.attempt_timed_out': {
      /**
       * Format: uuid
       * @description Who held the task; null when nobody did.
       */
      agentId: string | null;
      /** @description The newest claim. */
      epoch: number;
      /** @description The number of the newest attempt. */
      attempt: number;
      /**
       * @description How it ended; `blocked`: by the policy of an edge.
       * @enum {string}
       */
      outcome: 'failed' | 'released' | 'expired' | 'timed_out' | 'cancelled' | 'blocked';
      /** @description Code and message of what went wrong. */
      error: Record<string, never> | null;
      /**
       * @description What the task is now.
       * @enum {string}
       */
      status: 'pending' | 'failed' | 'timeout' | 'cancelled';
    };
    'task.awaiting_input': {
      /**
       * Format: uuid
       * @description Who holds the task.
       */
      agentId: string;
      epoch: number;
    };
    'task.cancel_requested': {
      /**
       * Format: uuid
       * @description Who holds the task.
       */
      agentId: string;
      epoch: number;
      reason: string | null;
    };
    'task.cancelled': {
      /**
       * Format: uuid
       * @description Who held the task; null when nobody did.
       */
      agentId: string | null;
      /** @description The newest claim. */
      epoch: number;
      /** @description The number of the newest attempt. */
      attempt: number;
      /**
       * @description How it ended; `blocked`: by the policy of an edge.
       * @enum {string}
       */
      outcome: 'failed' | 'released' | 'expired' | 'timed_out' | 'cancelled' | 'blocked';
      /** @description Code and message of what went wrong. */
      error: Record<string, never> | null;
      /**
       * @description What the task is now.
       * @enum {string}
       */
      status: 'pending' | 'failed' | 'timeout' | 'cancelled';
    };
    'task.claimed': {
      /**
       * Format: uuid
       * @description Who holds or held the task.
       */
      agentId: string;
      /** @description Which claim it was. */
      epoch: number;
      /** @description The number of the attempt. */
      attempt: number;
      /** @enum {string} */
      claimKind: 'agent' | 'interactive' | 'human';
    };
    'task.completed': {
      /**
       * Format: uuid
       * @description Who holds or held the task.
       */
      agentId: string;
      /** @description Which claim it was. */
      epoch: number;
      /** @description The number of the attempt. */
      attempt: number;
    };
    'task.created': {
      type: string;
      title: string;
      /**
       * @description An imported task may have ended before.
       * @enum {string}
       */
      status: 'pending' | 'assigned' | 'completed' | 'cancelled';
      /** @enum {string} */
      priority: 'critical' | 'high' | 'normal' | 'low' | 'backlog';
      /** Format: uuid */
      parentTaskId: string | null;
      /** @description Its edges to other tasks; the kinds blocks, waits_for and conditional keep it from being claimed. */
      dependsOn: {
        /**
         * Format: uuid
         * @description The task that this one depends on.
         */
        taskId: string;
        /** @enum {string} */
        kind: 'blocks' | 'waits_for' | 'conditional' | 'related' | 'parent_child' | 'discovered_from';
        /** @enum {string} */
        onFailure: 'hold' | 'fail' | 'skip' | 'proceed';
        /**
         * @description For conditional edges.
         * @enum {string|null}
         */
        outcome: 'completed' | 'failed' | 'cancelled' | 'timeout' | null;
      }[];
    };
    'task.deadline_warning': {
      /**
       * Format: uuid
       * @description Who holds the task.
       */
      agentId: string | null;
      /**
       * @description How much of the time is over.
       * @enum {integer}
       */
      percent: 75 | 90;
      /** Format: date-time */
      endsAt: string;
    };
    'task.deleted': {
      title: string;
    };
    'task.edge_added': {
      /**
       * Format: uuid
       * @description The task that this one depends on.
       */
      taskId: string;
      /** @enum {string} */
      kind: 'blocks' | 'waits_for' | 'conditional' | 'related' | 'parent_child' | 'discovered_from';
      /** @enum {string} */
      onFailure: 'hold' | 'fail' | 'skip' | 'proceed';
      /**
       * @description For conditional edges.
       * @enum {string|null}
       */
      outcome: 'completed' | 'failed' | 'cancelled' | 'timeout' | null;
    };
    'task.edge_removed': {
      /**
       * Format: uuid
       * @description The task that this one depends on.
       */
      taskId: string;
      /** @enum {string} */
      kind: 'blocks' | 'waits_for' | 'conditional' | 'related' | 'parent_child' | 'discovered_from';
      /** @enum {string} */
      onFailure: 'hold' | 'fail' | 'skip' | 'proceed';
      /**
       * @description For conditional edges.
       * @enum {string|null}
       */
      outcome: 'completed' | 'failed' | 'cancelled' | 'timeout' | null;
    };
    'task.failed': {
      /**
       * Format: uuid
       * @description Who held the task; null when nobody did.
       */
      agentId: string | null;
      /** @description The newest claim. */
      epoch: number;
      /** @description The number of the newest attempt. */
      attempt: number;
      /**
       * @description How it ended; `blocked`: by the policy of an edge.
       * @enum {string}
       */
      outcome: 'failed' | 'released' | 'expired' | 'timed_out' | 'cancelled' | 'blocked';
      /** @description Code and message of what went wrong. */
      error: Record<string, never> | null;
      /**
       * @description What the task is now.
       * @enum {string}
       */
      status: 'pending' | 'failed' | 'timeout' | 'cancelled';
    };
    'task.input_received': {
      /**
       * Format: uuid
       * @description Who holds the task.
       */
      agentId: string;
      epoch: number;
    };
    'task.lease_expired': {
      /**
       * Format: uuid
       * @description Who held the task; null when nobody did.
       */
      agentId: string | null;
      /** @description The newest claim. */
      epoch: number;
      /** @description The number of the newest attempt. */
      attempt: number;
      /**
       * @description How it ended; `blocked`: by the policy of an edge.
       * @enum {string}
       */
      outcome: 'failed' | 'released' | 'expired' | 'timed_out' | 'cancelled' | 'blocked';
      /** @description Code and message of what went wrong. */
      error: Record<string, never> | null;
      /**
       * @description What the task is now.
       * @enum {string}
       */
      status: 'pending' | 'failed' | 'timeout' | 'cancelled';
    };
    'task.overdue': {
      /**
       * Format: uuid
       * @description Who holds the task.
       */
      agentId: string;
      epoch: number;
      /** @enum {string} */
      limit: 'lease' | 'timeout' | 'deadline';
    };
    'task.progressed': {
      /**
       * Format: uuid
       * @description Who holds the task.
       */
      agentId: string;
      epoch: number;
      percent: number;
      message: string | null;
    };
    'task.released': {
      /**
       * Format: uuid
       * @description Who held the task; null when nobody did.
       */
      agentId: string | null;
      /** @description The newest claim. */
      epoch: number;
      /** @description The number of the newest attempt. */
      attempt: number;
      /**
       * @description How it ended; `blocked`: by the policy of an edge.
       * @enum {string}
       */
      outcome: 'failed' | 'released' | 'expired' | 'timed_out' | 'cancelled' | 'blocked';
      /** @description Code and message of what went wrong. */
      error: Record<string, never> | null;
      /**
       * @description What the task is now.
       * @enum {string}
       */
      status: 'pending' | 'failed' | 'timeout' | 'cancelled';
    };
    'task.retried': {
      epoch: number;
    };
    'task.timed_out': {
      /**
       * Format: uuid
       * @description Who held the task; null when nobody did.
       */
      agentId: string | null;
      /** @description The newest claim. */
      epoch: number;
      /** @description The number of the newest attempt. */
      attempt: number;
      /**
       * @description How it ended; `blocked`: by the policy of an edge.
       * @enum {string}
       */
      outcome: 'failed' | 'released' | 'expired' | 'timed_out' | 'cancelled' | 'blocked';
      /** @description Code and message of what went wrong. */
      error: Record<string, never> | null;
      /**
       * @description What the task is now.
       * @enum {string}
       */
      status: 'pending' | 'failed' | 'timeout' | 'cancelled';
    };
    'task.timeout_warning': {
      /**
       * Format: uuid
       * @description Who holds the task.
       */
      agentId: string;
      epoch: number;
      /**
       * @description How much of the time is over.
       * @enum {integer}
       */
      percent: 75 | 90;
      /** Format: date-time */
      endsAt: string;
    };
    'task.updated': {
      /** @description Their names. */
      fields: string[];
      version: number;
    };
    'tasks.paused': {
      /** @enum {string} */
      scope: 'workspace' | 'type' | 'agent';
      /** @description The id of the workspace or the agent, or the type. */
      subject: string;
      reason: string | null;
    };
    'tasks.resumed': {
      /** @enum {string} */
      scope: 'workspace' | 'type' | 'agent';
      /** @description The id of the workspace or the agent, or the type. */
      subject: string;
      reason: string | null;
    };
    'webhook.created': {
      /** @description Of the URL, which may hold a secret and is not told. */
      host: string;
      /**
       * Format: uuid
       * @description Null: it follows all feeds of the tenant.
       */
      workspaceId: string | null;
      types: string[];
      subjects: string[];
      ordered: boolean;
      description: string | null;
      enabled: boolean;
      version: number;
    };
    'webhook.deleted': {
      /** @description Of the URL, which may hold a secret and is not told. */
      host: string;
      version: number;
    };
    'webhook.disabled': {
      /** @description Of the URL, which may hold a secret and is not told. */
      host: string;
      /**
       * @description `gone`: it answered 410; `failing`: everything sent to it has failed for days.
       * @enum {string}
       */
      reason: 'request' | 'gone' | 'failing';
      /** @description Failed attempts since anything was delivered. */
      failures: number;
      version: number;
    };
    'webhook.secret_rotated': {
      /** @description Of the URL, which may hold a secret and is not told. */
      host: string;
      /**
       * Format: date-time
       * @description Until when the one before signs as well.
       */
      previousSecretUntil: string | null;
      version: number;
    };
    'webhook.test': {
      /** @description Of the URL, which may hold a secret and is not told. */
      host: string;
      version: number;
    };
    'webhook.updated': {
      /** @description Of the URL, which may hold a secret and is not told. */
      host: string;
      /** @description The new values. */
      changes: {
        /** @description Of the URL, which may hold a secret and is not told. */
        host?: string;
        types?: string[];
        subjects?: string[];
        ordered?: boolean;
        description?: string | null;
        enabled?: boolean;
      };
      version: number;
    };
    'workspace.activity_recorded': {
      /** Format: uuid */
      activityId: string;
      activity: string;
    };
    'workspace.archived': {
      name: string;
      version: number;
    };
    'workspace.created': {
      name: string;
      description: string | null;
      /** @enum {string} */
      visibility: 'private' | 'team' | 'public';
      /** @enum {string} */
      status: 'active' | 'inactive' | 'archived';
      labels: {
        [key: string]: string;
      };
      version: number;
    };
    'workspace.deleted': {
      name: string;
      version: number;
    };
    'workspace.locked': {
      /** @description An agent's id, a key's id or an OIDC subject. */
      holder: string;
      token: number;
      reason: string | null;
      /** Format: date-time */
      expiresAt: string;
    };
    'workspace.member_added': {
      /** @description An agent's id, a key's id or an OIDC subject. */
      memberId: string;
      /** @enum {string} */
      kind: 'agent' | 'human' | 'service';
      /** @enum {string} */
      role: 'guest' | 'viewer' | 'commenter' | 'editor' | 'admin' | 'owner';
      permissions: ('read' | 'comment' | 'write' | 'manage_members' | 'manage' | 'delete')[];
    };
    'workspace.member_changed': {
      /** @description An agent's id, a key's id or an OIDC subject. */
      memberId: string;
      /** @enum {string} */
      kind: 'agent' | 'human' | 'service';
      /** @enum {string} */
      role: 'guest' | 'viewer' | 'commenter' | 'editor' | 'admin' | 'owner';
      permissions: ('read' | 'comment' | 'write' | 'manage_members' | 'manage' | 'delete')[];
    };
    'workspace.member_removed': {
      /** @description An agent's id, a key's id or an OIDC subject. */
      memberId: string;
      /** @enum {string} */
      kind: 'agent' | 'human' | 'service';
      /** @enum {string} */
      role: 'guest' | 'viewer' | 'commenter' | 'editor' | 'admin' | 'owner';
      permissions: ('read' | 'comment' | 'write' | 'manage_members' | 'manage' | 'delete')[];
    };
    'workspace.message': {
      /** @description The member it is meant for; null for everybody. */
      to: string | null;
      message: {
        [key: string]: unknown;
      };
    };
    'workspace.presence_changed': {
      /** @description An agent's id, a key's id or an OIDC subject. */
      memberId: string;
      /** @enum {string} */
      status: 'online' | 'away' | 'busy' | 'offline';
      on: {
        type: string;
        id: string;
      } | null;
    };
    'workspace.purged': {
      name: string;
      version: number;
    };
    'workspace.shared_state_changed': {
      /** @description How far the state is. */
      sequence: number;
    };
    'workspace.state_updated': {
      version: number;
      bytes: number;
      /** @description The version whose content was written once more. */
      restored?: number;
    };
    'workspace.unarchived': {
      name: string;
      version: number;
    };
    'workspace.unlocked': {
      /** @description An agent's id, a key's id or an OIDC subject. */
      holder: string;
      token: number;
      /** @enum {string} */
      why: 'released' | 'forced' | 'expired';
    };
    'workspace.updated': {
      name: string;
      /** @description The new values. */
      changes: {
        name?: string;
        description?: string | null;
        /** @enum {string} */
        visibility?: 'private' | 'team' | 'public';
        /** @enum {string} */
        status?: 'active' | 'inactive' | 'archived';
        labels?: {
          [key: string]: string;
        };
      };
      version: number;
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export interface operations {
  'apiKeys.list': {
    parameters: {
      query?: {
        after?: string;
        limit?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ApiKeyPage'];
        };
      };
    };
  };
  'apiKeys.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['CreateApiKeyDto'];
      };
    };
    responses: {
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['CreatedApiKeyView'];
        };
      };
    };
  };
  'apiKeys.revoke': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
    };
  };
  'webhooks.list': {
    parameters: {
      query?: {
        after?: string;
        limit?: number;
        /** @description Those that follow this workspace only. */
        workspaceId?: string;
        enabled?: boolean;
        /** @description By which field, `-` in front for descending. */
        sort?: 'createdAt' | '-createdAt';
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['WebhookPage'];
        };
      };
    };
  };
  'webhooks.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['CreateWebhook'];
      };
    };
    responses: {
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['WebhookWithSecretView'];
        };
      };
    };
  };
  'webhooks.get': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['WebhookView'];
        };
      };
    };
  };
  'webhooks.delete': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
    };
  };
  'webhooks.update': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['UpdateWebhook'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['WebhookView'];
        };
      };
    };
  };
  'webhooks.rotateSecret': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['RotateSecret'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['WebhookWithSecretView'];
        };
      };
    };
  };
  'deliveries.list': {
    parameters: {
      query?: {
        after?: string;
        limit?: number;
        /** @description Any of these. */
        status?: ('pending' | 'delivered' | 'dead')[];
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DeliveryPage'];
        };
      };
    };
  };
  'deliveries.redrive': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
        deliveryId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DeliveryView'];
        };
      };
    };
  };
  'deliveries.redriveDead': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['RedriveDead'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Redriven'];
        };
      };
    };
  };
  'deliveries.test': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['TestResult'];
        };
      };
    };
  };
  'health.live': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The Health Check is successful */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            /**
             * @example ok
             * @enum {string}
             */
            status?: 'ok' | 'degraded';
            /**
             * @example {
             *       "database": {
             *         "status": "up",
             *         "responseTime": 12
             *       }
             *     }
             */
            info?: {
              [key: string]: {
                /** @enum {string} */
                status: 'up' | 'degraded' | 'down';
                /** @description Time the health indicator took to respond, in ms */
                responseTime?: number;
              } & {
                [key: string]: unknown;
              };
            } | null;
            /** @example {} */
            error?: {
              [key: string]: {
                /** @enum {string} */
                status: 'up' | 'degraded' | 'down';
                /** @description Time the health indicator took to respond, in ms */
                responseTime?: number;
              } & {
                [key: string]: unknown;
              };
            } | null;
            /**
             * @example {
             *       "database": {
             *         "status": "up",
             *         "responseTime": 12
             *       }
             *     }
             */
            details?: {
              [key: string]: {
                /** @enum {string} */
                status: 'up' | 'degraded' | 'down';
                /** @description Time the health indicator took to respond, in ms */
                responseTime?: number;
              } & {
                [key: string]: unknown;
              };
            };
          };
        };
      };
    };
  };
  'health.ready': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The Health Check is successful */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            /**
             * @example ok
             * @enum {string}
             */
            status?: 'ok' | 'degraded';
            /**
             * @example {
             *       "database": {
             *         "status": "up",
             *         "responseTime": 12
             *       }
             *     }
             */
            info?: {
              [key: string]: {
                /** @enum {string} */
                status: 'up' | 'degraded' | 'down';
                /** @description Time the health indicator took to respond, in ms */
                responseTime?: number;
              } & {
                [key: string]: unknown;
              };
            } | null;
            /** @example {} */
            error?: {
              [key: string]: {
                /** @enum {string} */
                status: 'up' | 'degraded' | 'down';
                /** @description Time the health indicator took to respond, in ms */
                responseTime?: number;
              } & {
                [key: string]: unknown;
              };
            } | null;
            /**
             * @example {
             *       "database": {
             *         "status": "up",
             *         "responseTime": 12
             *       }
             *     }
             */
            details?: {
              [key: string]: {
                /** @enum {string} */
                status: 'up' | 'degraded' | 'down';
                /** @description Time the health indicator took to respond, in ms */
                responseTime?: number;
              } & {
                [key: string]: unknown;
              };
            };
          };
        };
      };
    };
  };
  'health.startedUp': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The Health Check is successful */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            /**
             * @example ok
             * @enum {string}
             */
            status?: 'ok' | 'degraded';
            /**
             * @example {
             *       "database": {
             *         "status": "up",
             *         "responseTime": 12
             *       }
             *     }
             */
            info?: {
              [key: string]: {
                /** @enum {string} */
                status: 'up' | 'degraded' | 'down';
                /** @description Time the health indicator took to respond, in ms */
                responseTime?: number;
              } & {
                [key: string]: unknown;
              };
            } | null;
            /** @example {} */
            error?: {
              [key: string]: {
                /** @enum {string} */
                status: 'up' | 'degraded' | 'down';
                /** @description Time the health indicator took to respond, in ms */
                responseTime?: number;
              } & {
                [key: string]: unknown;
              };
            } | null;
            /**
             * @example {
             *       "database": {
             *         "status": "up",
             *         "responseTime": 12
             *       }
             *     }
             */
            details?: {
              [key: string]: {
                /** @enum {string} */
                status: 'up' | 'degraded' | 'down';
                /** @description Time the health indicator took to respond, in ms */
                responseTime?: number;
              } & {
                [key: string]: unknown;
              };
            };
          };
        };
      };
    };
  };
  'workspaces.list': {
    parameters: {
      query?: {
        after?: string;
        limit?: number;
        /** @description Any of these. */
        status?: ('active' | 'inactive' | 'archived')[];
        /** @description Any of these. */
        visibility?: ('private' | 'team' | 'public')[];
        /** @description Exactly this name. */
        name?: string;
        /** @description Who created it: an agent's id, a key's id or an OIDC subject. */
        createdBy?: string;
        /** @description Of which this is a member: an agent's id, a key's id or an OIDC subject. */
        member?: string;
        /** @description Of which this is an owner. */
        owner?: string;
        /** @description Words of the name or the description, or their beginnings; all of them must be there. */
        search?: string;
        /** @description In which something was recorded, or a member did more than read, at this time or later. */
        activeSince?: string;
        /** @description By which field, `-` in front for descending. */
        sort?: 'createdAt' | '-createdAt' | 'updatedAt' | '-updatedAt' | 'name' | '-name';
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['WorkspacePage'];
        };
      };
    };
  };
  'workspaces.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['CreateWorkspace'];
      };
    };
    responses: {
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['WorkspaceView'];
        };
      };
    };
  };
  'workspaces.get': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['WorkspaceView'];
        };
      };
    };
  };
  'workspaces.delete': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
    };
  };
  'workspaces.update': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['UpdateWorkspace'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['WorkspaceView'];
        };
      };
    };
  };
  'workspaces.archive': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['WorkspaceView'];
        };
      };
    };
  };
  'workspaces.unarchive': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['WorkspaceView'];
        };
      };
    };
  };
  'workspaces.purge': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['PurgeWorkspaces'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['PurgedWorkspaces'];
        };
      };
    };
  };
  'members.list': {
    parameters: {
      query?: {
        after?: string;
        limit?: number;
        /** @description Any of these. */
        role?: ('guest' | 'viewer' | 'commenter' | 'editor' | 'admin' | 'owner')[];
        /** @description Any of these. */
        kind?: ('agent' | 'human' | 'service')[];
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['MemberPage'];
        };
      };
    };
  };
  'members.add': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['AddMember'];
      };
    };
    responses: {
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['MemberView'];
        };
      };
    };
  };
  'members.get': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
        member: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['MemberView'];
        };
      };
    };
  };
  'members.remove': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
        member: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
    };
  };
  'members.update': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
        member: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['UpdateMember'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['MemberView'];
        };
      };
    };
  };
  'membership.join': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['JoinWorkspace'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['MemberView'];
        };
      };
    };
  };
  'membership.leave': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
    };
  };
  'messages.broadcast': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['BroadcastMessage'];
      };
    };
    responses: {
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
    };
  };
  'messages.send': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['SendMessage'];
      };
    };
    responses: {
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
    };
  };
  'state.get': {
    parameters: {
      query?: {
        /** @description One of the last hundred versions; the newest when left out. */
        version?: number;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['StateView'];
        };
      };
    };
  };
  'state.update': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['UpdateState'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['StateView'];
        };
      };
    };
  };
  'state.history': {
    parameters: {
      query?: {
        after?: string;
        limit?: number;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['StateHistoryPage'];
        };
      };
    };
  };
  'state.restore': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['RestoreState'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['StateView'];
        };
      };
    };
  };
  'sharedState.get': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SharedStateView'];
        };
      };
    };
  };
  'sharedState.perform': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['ChangeSharedState'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SharedStateChanges'];
        };
      };
    };
  };
  'sharedState.merge': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['MergeSharedState'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SharedStatePlaceView'];
        };
      };
    };
  };
  'sharedState.delta': {
    parameters: {
      query?: {
        /** @description The replica's clock as JSON, `{"ada":3}`; everything is sent when it is left out. */
        since?: string;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SharedStateDelta'];
        };
      };
    };
  };
  'activity.list': {
    parameters: {
      query?: {
        after?: string;
        limit?: number;
        /** @description Of one: an agent's id, a key's id or an OIDC subject. */
        actor?: string;
        /** @description Any of these. */
        type?: string[];
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ActivityPage'];
        };
      };
    };
  };
  'activity.record': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['RecordActivity'];
      };
    };
    responses: {
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ActivityView'];
        };
      };
    };
  };
  'presence.list': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['PresenceList'];
        };
      };
    };
  };
  'presence.update': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['UpdatePresence'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['PresenceView'];
        };
      };
    };
  };
  'locks.get': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['LockView'];
        };
      };
    };
  };
  'locks.take': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['TakeLock'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['LockView'];
        };
      };
    };
  };
  'locks.release': {
    parameters: {
      query?: {
        /** @description That of the lock; whichever the caller holds when left out. */
        token?: number;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
    };
  };
  'locks.renew': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['RenewLock'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['LockView'];
        };
      };
    };
  };
  'locks.forceRelease': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['LockView'];
        };
      };
    };
  };
  'workspaceReports.stats': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['WorkspaceStatsView'];
        };
      };
    };
  };
  'workspaceReports.collaboration': {
    parameters: {
      query?: {
        /** @description A week before `to` unless given; at most 31 days before it. */
        from?: string;
        /** @description Now unless given. */
        to?: string;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['CollaborationView'];
        };
      };
    };
  };
  'workspaceReports.integrity': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['WorkspaceIntegrityView'];
        };
      };
    };
  };
  'feeds.ofWorkspace': {
    parameters: {
      query?: {
        /** @description The number of the last event that was read; from the oldest one kept when left out. */
        after?: number;
        /** @description Only events of these types, such as task.created, or task.* for all that begin so. */
        types?: string[];
        /** @description Only what happened to these: ids of tasks, agents or workspaces, alone or as task/<id>, or task/* for all of a kind. */
        subjects?: string[];
        /** @description Events at most. */
        limit?: number;
        /** @description Seconds to wait for the first event where there is none yet. */
        wait?: number;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['FeedPage'];
        };
      };
    };
  };
  'feeds.ofTenant': {
    parameters: {
      query?: {
        /** @description The number of the last event that was read; from the oldest one kept when left out. */
        after?: number;
        /** @description Only events of these types, such as task.created, or task.* for all that begin so. */
        types?: string[];
        /** @description Only what happened to these: ids of tasks, agents or workspaces, alone or as task/<id>, or task/* for all of a kind. */
        subjects?: string[];
        /** @description Events at most. */
        limit?: number;
        /** @description Seconds to wait for the first event where there is none yet. */
        wait?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['FeedPage'];
        };
      };
    };
  };
  'agents.list': {
    parameters: {
      query?: {
        after?: string;
        limit?: number;
        /** @description Any of these. */
        status?: ('offline' | 'starting' | 'active' | 'draining' | 'inactive' | 'maintenance' | 'error')[];
        /** @description Any of these. */
        kind?: ('agent' | 'human' | 'service')[];
        /** @description Agents that have all of these. */
        capabilities?: string[];
        /** @description Exactly this name. */
        name?: string;
        /** @description By which field, `-` in front for descending. */
        sort?: 'createdAt' | '-createdAt' | 'updatedAt' | '-updatedAt' | 'name' | '-name';
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['AgentPage'];
        };
      };
    };
  };
  'agents.register': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['RegisterAgent'];
      };
    };
    responses: {
      /** @description The agent of that name, which there was already. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['AgentView'];
        };
      };
    };
  };
  'agents.get': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['AgentView'];
        };
      };
    };
  };
  'agents.delete': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
    };
  };
  'agents.update': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['UpdateAgent'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['AgentView'];
        };
      };
    };
  };
  'agents.heartbeat': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['AgentHeartbeat'];
        };
      };
    };
  };
  'agents.changeStatus': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['ChangeAgentStatus'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['AgentView'];
        };
      };
    };
  };
  'claims.claim': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['ClaimDto'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['LeasesView'];
        };
      };
    };
  };
  'claims.heartbeat': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['HeartbeatDto'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['HeartbeatResultsView'];
        };
      };
    };
  };
  'claims.progress': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['ProgressDto'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['TaskAnswer'];
        };
      };
    };
  };
  'claims.complete': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['CompleteDto'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['CompletedView'];
        };
      };
    };
  };
  'claims.fail': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['FailDto'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['TaskAnswer'];
        };
      };
    };
  };
  'claims.release': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['ReleaseDto'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['TaskAnswer'];
        };
      };
    };
  };
  'dispatch.listPauses': {
    parameters: {
      query?: {
        after?: string;
        limit?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['PausePage'];
        };
      };
    };
  };
  'dispatch.pause': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['PauseDto'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['PauseView'];
        };
      };
    };
  };
  'dispatch.resume': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['PauseTargetDto'];
      };
    };
    responses: {
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
    };
  };
  'dispatch.limit': {
    parameters: {
      query: {
        key: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ConcurrencyLimitView'];
        };
      };
    };
  };
  'dispatch.setLimit': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['ConcurrencyLimitDto'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ConcurrencyLimitView'];
        };
      };
    };
  };
  'interventions.retryMany': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['RetryTasksDto'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['RetriedView'];
        };
      };
    };
  };
  'interventions.retry': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['TaskAnswer'];
        };
      };
    };
  };
  'interventions.cancel': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['CancelDto'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['CancelledView'];
        };
      };
    };
  };
  'interventions.awaitInput': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['AwaitInputDto'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['TaskAnswer'];
        };
      };
    };
  };
  'interventions.giveInput': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['InputDto'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['TaskAnswer'];
        };
      };
    };
  };
  'interventions.list': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['EdgesView'];
        };
      };
    };
  };
  'interventions.add': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['DependencyDto'];
      };
    };
    responses: {
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['EdgeView'];
        };
      };
    };
  };
  'interventions.remove': {
    parameters: {
      query?: {
        /** @description Which of the edges to that task; blocks unless given. */
        kind?: 'blocks' | 'waits_for' | 'conditional' | 'related' | 'parent_child' | 'discovered_from';
      };
      header?: never;
      path: {
        id: string;
        blockerId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
    };
  };
  'reports.integrity': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['IntegrityReportView'];
        };
      };
    };
  };
  'reports.explain': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ExplanationView'];
        };
      };
    };
  };
  'reports.timeline': {
    parameters: {
      query?: {
        after?: string;
        limit?: number;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['TimelineView'];
        };
      };
    };
  };
  'stats.get': {
    parameters: {
      query?: {
        workspaceId?: string;
        type?: string;
        /** @description Of the tasks that ended, only those that did at this time or later; open ones always count. */
        since?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['TaskStatsView'];
        };
      };
    };
  };
  'stats.workload': {
    parameters: {
      query: {
        agentId: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['WorkloadView'];
        };
      };
    };
  };
  'stats.overdue': {
    parameters: {
      query?: {
        after?: string;
        limit?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['TaskPage'];
        };
      };
    };
  };
  'stats.subtasks': {
    parameters: {
      query?: {
        after?: string;
        limit?: number;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['TaskPage'];
        };
      };
    };
  };
  'stats.tree': {
    parameters: {
      query?: {
        /** @description How many levels below the task. */
        depth?: number;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['TreeView'];
        };
      };
    };
  };
  'tasks.list': {
    parameters: {
      query?: {
        after?: string;
        limit?: number;
        /** @description Any of these. */
        status?: (
          | 'pending'
          | 'assigned'
          | 'accepted'
          | 'rejected'
          | 'in_progress'
          | 'awaiting_input'
          | 'completed'
          | 'failed'
          | 'cancelled'
          | 'timeout'
        )[];
        /** @description Any of these. */
        priority?: ('critical' | 'high' | 'normal' | 'low' | 'backlog')[];
        /** @description Any of these. */
        type?: string[];
        /** @description Any of these workspaces. */
        workspaceId?: string[];
        /** @description Any of these agents. */
        assignedTo?: string[];
        /** @description Any of these. */
        createdBy?: string[];
        /** @description Any of these. */
        externalRef?: string[];
        parentTaskId?: string;
        hasSubtasks?: boolean;
        /** @description Tasks that have all of these. */
        tags?: string[];
        /** @description Tasks that ask for all of these. */
        requiredCapabilities?: string[];
        /** @description Strictly after. */
        createdAfter?: string;
        createdBefore?: string;
        updatedAfter?: string;
        updatedBefore?: string;
        /** @description By which field, `-` in front for descending. */
        sort?:
          'createdAt' | '-createdAt' | 'updatedAt' | '-updatedAt' | 'priority' | '-priority' | 'deadline' | '-deadline';
        /** @description How many to pass over; `after` is faster. */
        offset?: number;
        /** @description Also counts all that match, which takes longer. */
        withTotal?: boolean;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['TaskPage'];
        };
      };
    };
  };
  'tasks.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['CreateTaskDto'];
      };
    };
    responses: {
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['TaskView'];
        };
      };
    };
  };
  'tasks.createBatch': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['CreateTasksDto'];
        'application/x-ndjson': components['schemas']['CreateTasksDto'];
      };
    };
    responses: {
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['BatchView'];
        };
      };
    };
  };
  'tasks.import': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['ImportTasksDto'];
        'application/x-ndjson': components['schemas']['ImportTasksDto'];
      };
    };
    responses: {
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['BatchView'];
        };
      };
    };
  };
  'tasks.getBatch': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['GetTasksDto'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['TasksByIdView'];
        };
      };
    };
  };
  'tasks.get': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['TaskView'];
        };
      };
    };
  };
  'tasks.delete': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
    };
  };
  'tasks.update': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['UpdateTaskDto'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['TaskView'];
        };
      };
    };
  };
  'tasks.attempts': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['AttemptsView'];
        };
      };
    };
  };
  'documentLocks.listOwn': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DocumentLockList'];
        };
      };
    };
  };
  'documentLocks.list': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DocumentLockList'];
        };
      };
    };
  };
  'documentLocks.acquire': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['AcquireDocumentLock'];
      };
    };
    responses: {
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DocumentLockView'];
        };
      };
    };
  };
  'documentLocks.renew': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
        lockId: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['RenewDocumentLock'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DocumentLockView'];
        };
      };
    };
  };
  'documentLocks.release': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
        lockId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
    };
  };
  'documentLocks.forceRelease': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
        lockId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
    };
  };
  'documents.create': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['CreateDocument'];
      };
    };
    responses: {
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DocumentView'];
        };
      };
    };
  };
  'documents.list': {
    parameters: {
      query?: {
        after?: string;
        limit?: number;
        /** @description Of this workspace only. */
        workspaceId?: string;
        /** @description Any of these. */
        kind?: ('versioned' | 'live')[];
        /** @description Any of these. */
        contentType?: ('text' | 'markdown' | 'json' | 'yaml' | 'code')[];
        /** @description Who created it: an agent's id, a key's id or an OIDC subject. */
        createdBy?: string;
        /** @description Changed after this time. */
        updatedAfter?: string;
        /** @description By which field, `-` in front for descending. */
        sort?: 'createdAt' | '-createdAt' | 'updatedAt' | '-updatedAt' | 'title' | '-title';
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DocumentPage'];
        };
      };
    };
  };
  'documents.search': {
    parameters: {
      query: {
        workspaceId?: string;
        /** @description Any of these. */
        contentType?: ('text' | 'markdown' | 'json' | 'yaml' | 'code')[];
        limit?: number;
        /** @description Words, all of which must be there; "a phrase"; `or`; `-without`. */
        q: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['FoundDocuments'];
        };
      };
    };
  };
  'documents.get': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DocumentView'];
        };
      };
    };
  };
  'documents.update': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['UpdateWithStrategy'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['WrittenView'];
        };
      };
    };
  };
  'documents.delete': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
    };
  };
  'documentEdits.edit': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['EditDocument'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['WrittenView'];
        };
      };
    };
  };
  'documentEdits.listConflicts': {
    parameters: {
      query?: {
        after?: string;
        limit?: number;
        /** @description Only those that nobody settled. */
        open?: boolean;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ConflictPage'];
        };
      };
    };
  };
  'documentEdits.recordConflict': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['RecordConflict'];
      };
    };
    responses: {
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ConflictView'];
        };
      };
    };
  };
  'documentEdits.resolveConflict': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
        conflictId: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['ResolveConflict'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ConflictView'];
        };
      };
    };
  };
  'documentEdits.diff': {
    parameters: {
      query?: {
        /** @description The one before `to` when left out. */
        from?: number;
        /** @description The newest when left out. */
        to?: number;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DiffView'];
        };
      };
    };
  };
  'documentEdits.blame': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['BlameView'];
        };
      };
    };
  };
  'suggestions.list': {
    parameters: {
      query?: {
        after?: string;
        limit?: number;
        /** @description Any of these. */
        status?: ('open' | 'accepted' | 'rejected' | 'superseded')[];
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SuggestionPage'];
        };
      };
    };
  };
  'suggestions.suggest': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['SuggestEdits'];
      };
    };
    responses: {
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SuggestionEntryView'];
        };
      };
    };
  };
  'suggestions.get': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
        suggestionId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SuggestionView'];
        };
      };
    };
  };
  'suggestions.accept': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
        suggestionId: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['AcceptSuggestion'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['AcceptedView'];
        };
      };
    };
  };
  'suggestions.reject': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
        suggestionId: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['RejectSuggestion'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SuggestionEntryView'];
        };
      };
    };
  };
  'history.listOperations': {
    parameters: {
      query?: {
        /** @description Operations after this number. */
        after?: number;
        limit?: number;
        /** @description Only those that wait to be applied. */
        pending?: boolean;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['OperationList'];
        };
      };
    };
  };
  'history.recordOperation': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['RecordOperation'];
      };
    };
    responses: {
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['RecordedView'];
        };
      };
    };
  };
  'history.markApplied': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
        operationId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['OperationView'];
        };
      };
    };
  };
  'history.compact': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['CompactOperations'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Removed'];
        };
      };
    };
  };
  'history.readVersion': {
    parameters: {
      query?: {
        /** @description The newest when left out. */
        version?: number;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['VersionView'];
        };
      };
    };
  };
  'history.restore': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['RestoreDocument'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DocumentView'];
        };
      };
    };
  };
  'history.listSnapshots': {
    parameters: {
      query?: {
        after?: string;
        limit?: number;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SnapshotPage'];
        };
      };
    };
  };
  'history.createSnapshot': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['CreateSnapshot'];
      };
    };
    responses: {
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SnapshotEntryView'];
        };
      };
    };
  };
  'history.getSnapshot': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
        snapshotId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SnapshotView'];
        };
      };
    };
  };
  'history.purgeSnapshots': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['PurgeSnapshots'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Removed'];
        };
      };
    };
  };
  'documentReports.stats': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DocumentStatsView'];
        };
      };
    };
  };
  'documentReports.integrity': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DocumentReportView'];
        };
      };
    };
  };
  'documentReports.collaboration': {
    parameters: {
      query?: {
        /** @description How many days back. */
        days?: number;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['CollaborationView'];
        };
      };
    };
  };
  'eventStreams.ofWorkspace': {
    parameters: {
      query?: {
        /** @description The number of the last event that was read; from the oldest one kept when left out. */
        after?: number;
        /** @description Only events of these types, such as task.created, or task.* for all that begin so. */
        types?: string[];
        /** @description Only what happened to these: ids of tasks, agents or workspaces, alone or as task/<id>, or task/* for all of a kind. */
        subjects?: string[];
        /**
         * @description Opens the subscriber of this name, and makes it where there is none: the stream begins after what was acknowledged,
         *     whatever `after` and `Last-Event-ID` say. `after` is where a new one begins. An older stream of it ends.
         */
        subscriber?: string;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Server-sent events: `id` is the number in the feed, `event` the type, `data` the CloudEvent in one line. `resync` and `end` are the last words of a stream. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'text/event-stream': string;
        };
      };
    };
  };
  'eventStreams.ofTenant': {
    parameters: {
      query?: {
        /** @description The number of the last event that was read; from the oldest one kept when left out. */
        after?: number;
        /** @description Only events of these types, such as task.created, or task.* for all that begin so. */
        types?: string[];
        /** @description Only what happened to these: ids of tasks, agents or workspaces, alone or as task/<id>, or task/* for all of a kind. */
        subjects?: string[];
        /**
         * @description Opens the subscriber of this name, and makes it where there is none: the stream begins after what was acknowledged,
         *     whatever `after` and `Last-Event-ID` say. `after` is where a new one begins. An older stream of it ends.
         */
        subscriber?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Server-sent events: `id` is the number in the feed, `event` the type, `data` the CloudEvent in one line. `resync` and `end` are the last words of a stream. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'text/event-stream': string;
        };
      };
    };
  };
  'subscribers.list': {
    parameters: {
      query?: {
        after?: string;
        limit?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SubscriberPage'];
        };
      };
    };
  };
  'subscribers.get': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        name: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SubscriberView'];
        };
      };
    };
  };
  'subscribers.delete': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        name: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
    };
  };
  'subscribers.acknowledge': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        name: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['Acknowledge'];
      };
    };
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Acknowledged'];
        };
      };
    };
  };
  'handshake.open': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The connection speaks WebSocket from here on. */
      101: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
    };
  };
  'audit.list': {
    parameters: {
      query?: {
        after?: string;
        limit?: number;
        actorId?: string;
        keyId?: string;
        /** @description The thing it was about. */
        subjectId?: string;
        /** @description Method and route, such as `POST /v1/keys`. */
        operation?: string;
        status?: number;
        /** @description From this time on. */
        since?: string;
        /** @description Before this time. */
        until?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['AuditPageDto'];
        };
      };
    };
  };
}
