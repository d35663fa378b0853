export * from './crdt.errors.js';
export { GCounter, PNCounter } from './counters.js';
export { HybridLogicalClock } from './hybrid-logical-clock.js';
export { LWWMap } from './lww-map.js';
export { LWWRegister } from './lww-register.js';
export { ORSet } from './or-set.js';
export { SharedState } from './shared-state.js';
export { parseChange, parseOperation, type StateChange, type StateOperation } from './state-operation.js';
export { VectorClock } from './vector-clock.js';
