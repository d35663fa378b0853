/** One thing that a node depends on. */
export interface HealthProbe {
  /** As it stands in the answer: `database`, `migrations`, `redis`. */
  readonly name: string;
  /** Whether the node must not be given work while this fails; otherwise the failure is shown and the node stays ready. */
  readonly critical: boolean;
  /**
   * Looks once. Small facts that anybody may see can be returned; throwing says it fails. Beside the calls of ordinary
   * work this one finds out whether an open breaker may close, so it asks the dependency through the breaker.
   */
  check(): Promise<Record<string, unknown> | void>;
}

/** The probes of a node. Whoever owns a dependency adds its own when it starts. */
export class HealthProbes {
  private readonly probes = new Map<string, HealthProbe>();

  add(probe: HealthProbe): void {
    if (this.probes.has(probe.name)) throw new Error(`There are two health probes named ${probe.name}.`);
    this.probes.set(probe.name, probe);
  }

  get all(): readonly HealthProbe[] {
    return [...this.probes.values()];
  }
}
