export * from './realtime.errors.js';
export { RealtimeModule } from './realtime.module.js';
export type { StreamOptions } from './stream.options.js';
export * from './ws/ws.errors.js';
export { describeMethods } from './ws/method-document.js';
export { rpcErrorTable } from './ws/rpc-errors.js';
export { MusterWsAdapter } from './ws/socket.adapter.js';
export type { SocketOptions } from './ws/socket.options.js';
export { SocketsModule } from './ws/sockets.module.js';
