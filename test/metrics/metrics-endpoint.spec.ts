import { Controller, Get, Module, NotFoundException, Param } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { NestFactory } from '@nestjs/core';
import { measureHttp, Metrics, MetricsModule } from '../../src/shared/metrics/index.js';

@Controller('things')
class ThingsController {
  @Get(':id')
  get(@Param('id') id: string): { id: string } {
    if (id === 'none') throw new NotFoundException();
    return { id };
  }
}

@Module({ controllers: [ThingsController] })
class ThingsModule {}

async function start(): Promise<{ app: NestFastifyApplication; url: string; metrics: Metrics }> {
  const metrics = new Metrics();
  class AppModule {}
  Module({ imports: [MetricsModule.forRoot({ metrics }), ThingsModule] })(AppModule);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), { logger: false });
  app.getHttpAdapter().getInstance().addHook('onResponse', measureHttp(metrics));
  await app.listen(0, '127.0.0.1');
  return { app, url: await app.getUrl(), metrics };
}

describe('GET /metrics', () => {
  let one: Awaited<ReturnType<typeof start>>;
  let other: Awaited<ReturnType<typeof start>>;
  const read = async ({ url }: { url: string }) => (await fetch(`${url}/metrics`)).text();

  beforeAll(async () => {
    [one, other] = [await start(), await start()];
  });
  afterAll(() => Promise.all([one.app.close(), other.app.close()]));

  it('answers in the text format of Prometheus, uncached, with the process under the same prefix [S98][S143]', async () => {
    const response = await fetch(`${one.url}/metrics`);
    const text = await response.text();

    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(text).toMatch(/^muster_nodejs_eventloop_lag_p99_seconds [0-9.]/m);
    expect(text).toMatch(/^muster_process_cpu_seconds_total [0-9.]/m);
    const foreign = text.split('\n').filter((line) => line !== '' && !/^(# (HELP|TYPE) )?muster_/.test(line));
    expect(foreign).toEqual([]);
  });

  it('measures requests by the template of the route, never by what a client invents', async () => {
    for (const path of ['things/1', 'things/2?x=1', 'things/none', 'nowhere/1', 'nowhere/2']) {
      await (await fetch(`${one.url}/${path}`)).text();
    }

    const text = await read(one);

    const route = (name: string, status: number) =>
      new RegExp(`_request_duration_seconds_count{method="GET",route="${name}",status="${status}"} (\\d+)`).exec(
        text,
      )?.[1];
    expect(route('/things/:id', 200)).toBe('2');
    expect(route('/things/:id', 404)).toBe('1');
    expect(route('unmatched', 404)).toBe('2');
    expect(text).not.toMatch(/nowhere|things\/1/);
  });

  it('does not mix two applications of one process', async () => {
    one.metrics.cacheHits.inc({ entity_type: 'task' });

    expect(await read(one)).toContain('entity_type="task"');
    expect(await read(other)).not.toContain('entity_type="task"');
  });
});
