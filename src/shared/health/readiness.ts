import { Injectable, Logger, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, type HealthCheckResult, HealthIndicatorService } from '@nestjs/terminus';
import { DomainError } from '../errors/index.js';
import { Draining } from './draining.js';
import { type HealthProbe, HealthProbes } from './health-probe.js';

export interface Health {
  green: boolean;
  result: HealthCheckResult;
}

/** Kubernetes gives a probe one second unless told otherwise; the answer must come before. */
const PROBE_TIMEOUT_MS = 800;

/** However many ask, each dependency is asked this often at the most. */
const PROBE_EVERY_MS = 250;

/** Whether this node should be given work, and whether it has ever been fit for it. */
@Injectable()
export class Readiness {
  private readonly logger = new Logger('health');
  private started = false;
  private failing = '';
  private readonly causes = new Map<string, unknown>();

  constructor(
    private readonly terminus: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly probes: HealthProbes,
    private readonly draining: Draining,
  ) {}

  async ready(): Promise<Health> {
    if (!this.draining.active) return this.look();
    return { green: false, result: { status: 'shutting_down', details: { draining: { status: 'down' } } } };
  }

  /** Green once everything critical has been green at the same time, and for ever after. */
  async startedUp(): Promise<Health> {
    if (this.started) return { green: true, result: { status: 'ok', details: {} } };
    return this.look();
  }

  private async look(): Promise<Health> {
    const health = await this.ask();
    this.started ||= health.green;
    this.report(health.result);
    return health;
  }

  private async ask(): Promise<Health> {
    const checks = this.probes.all.map((probe) => () => this.run(probe));
    try {
      return { green: true, result: await this.terminus.check(checks) };
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      return { green: false, result: error.getResponse() as HealthCheckResult };
    }
  }

  private async run(probe: HealthProbe) {
    const indicator = this.indicators.check(probe.name);
    const result = await indicator
      .attempt(() => this.attempt(probe))
      .withTimeout(PROBE_TIMEOUT_MS)
      .cacheFor(PROBE_EVERY_MS);
    const { status, ...facts } = result[probe.name] ?? { status: 'down' };
    return status === 'down' && !probe.critical ? indicator.degraded(facts) : result;
  }

  /** The answer is public, so it names what fails and keeps addresses and credentials in driver messages to itself. */
  private async attempt(probe: HealthProbe): Promise<Record<string, unknown> | void> {
    this.causes.delete(probe.name);
    try {
      return await probe.check();
    } catch (error) {
      this.causes.set(probe.name, error);
      throw error instanceof DomainError ? error : new Error('failed; the reason is in the log', { cause: error });
    }
  }

  /** A node is asked every few seconds; only a change is news. */
  private report({ details }: HealthCheckResult): void {
    const failing = Object.keys(details).filter((name) => details[name]?.status !== 'up');
    if (failing.join() === this.failing) return;
    this.failing = failing.join();
    if (failing.length === 0) this.logger.log({ msg: 'health restored' });
    else this.logger.warn({ msg: 'health changed', details, causes: failing.map((name) => this.causes.get(name)) });
  }
}
