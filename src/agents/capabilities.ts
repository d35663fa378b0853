/** The most capabilities an agent has, or a task asks for. */
export const MAX_CAPABILITIES = 64;
export const MAX_CAPABILITY_LENGTH = 64;

/**
 * Capabilities as they are stored and compared: trimmed, lower case, Unicode NFC, sorted, each once. An agent that says
 * `TypeScript` must get the task that asks for `typescript`, so both sides go through here.
 */
export function normaliseCapabilities(capabilities: readonly string[]): string[] {
  return [...new Set(capabilities.map((name) => name.normalize('NFC').trim().toLowerCase()))].sort();
}
