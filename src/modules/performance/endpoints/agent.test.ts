import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { readFileSync } from 'node:fs';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { describe, expect, it } from 'vitest';
import { runAgent } from '../../../agent/index.ts';
import { createOutbound } from '../../../outbound/index.ts';
import { endpointMonitor } from './agent.ts';
import { taken } from './scrape.ts';

const LOOPBACK = createOutbound({ allowedNetworks: ['127.0.0.0/8'], allowCommands: false });

async function listening(server: Server): Promise<{ readonly port: number } & AsyncDisposable> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      (server as Partial<{ closeAllConnections(): void }>).closeAllConnections?.();
      server.close();
      await once(server, 'close');
    },
  };
}

const http = (handler: RequestListener) => listening(createServer(handler));

const run = (config: Readonly<Record<string, unknown>>) => runAgent(endpointMonitor, { config, outbound: LOOPBACK, patienceMs: 5_000 });

type Agent = Awaited<ReturnType<typeof run>>;

const valueOf = (agent: Agent, name: string, by: Readonly<Record<string, string>> = {}): number | undefined =>
  agent.metrics.findLast((sample) => sample.name === name && Object.entries(by).every(([key, value]) => sample.labels[key] === value))
    ?.value;

async function untilMeasured(agent: Agent, name: string, by: Readonly<Record<string, string>>): Promise<number> {
  await expect
    .poll(
      async () => {
        await agent.tick();
        return valueOf(agent, name, by);
      },
      { timeout: 15_000 },
    )
    .toBeDefined();
  return valueOf(agent, name, by) ?? Number.NaN;
}

describe('probes', () => {
  it('tell what answers from what does not, and why, and one that hangs keeps nobody waiting', async () => {
    await using web = await http((request, response) => {
      if (request.url === '/hang') return;
      response.statusCode = request.url === '/broken' ? 503 : 200;
      response.end('all is well');
    });
    await using tcp = await listening(createTcpServer((socket) => socket.end()));
    const url = `http://127.0.0.1:${web.port}`;
    await using agent = await run({
      probes: [
        { name: 'good', type: 'http', url: `${url}/`, contains: 'well', labels: { team: 'a' } },
        { name: 'broken', type: 'http', url: `${url}/broken` },
        { name: 'wanted', type: 'http', url: `${url}/broken`, status: [503] },
        { name: 'other', type: 'http', url: `${url}/`, contains: 'ill' },
        { name: 'hang', type: 'http', url: `${url}/hang`, timeout: '300ms' },
        { name: 'open', type: 'tcp', host: '127.0.0.1', port: tcp.port },
        { name: 'closed', type: 'tcp', host: '127.0.0.1', port: 1 },
        { name: 'name', type: 'dns', host: 'localhost' },
        { name: 'nameless', type: 'dns', host: 'nowhere.invalid' },
      ],
    });
    for (const [probe, up] of Object.entries({
      good: 1,
      broken: 0,
      wanted: 1,
      other: 0,
      hang: 0,
      open: 1,
      closed: 0,
      name: 1,
      nameless: 0,
    }))
      expect([probe, await untilMeasured(agent, 'probe_up', { probe })]).toEqual([probe, up]);
    expect(valueOf(agent, 'probe_http_status', { probe: 'broken' })).toBe(503);
    expect(valueOf(agent, 'probe_duration_seconds', { probe: 'good', team: 'a' })).toBeLessThan(5);
    const report = agent.state.value<{ endpoints: { name: string; reason: string | null }[] }>('endpoints:endpoint_monitor_under_test');
    const reasons = Object.fromEntries(report?.endpoints.map(({ name, reason }) => [name, reason]) ?? []);
    expect(reasons).toMatchObject({
      good: null,
      broken: 'it answered with status 503',
      other: expect.stringContaining('expected text') as unknown,
    });
    expect(reasons['hang']).toMatch(/did not answer|no answer/);
    expect(agent.events.filter(({ type }) => type === 'endpoint:failed').map(({ data }) => data['name'])).toEqual(
      expect.arrayContaining(['broken', 'other', 'hang', 'closed', 'nameless']),
    );
    expect(agent.refusedMetrics).toEqual([]);
  });

  it('tell how long a certificate lasts, and that nobody trusts it', async () => {
    const file = (name: string): Buffer => readFileSync(new URL(`../../../../test/support/tls/${name}`, import.meta.url));
    await using server = await listening(createTlsServer({ cert: file('server.pem'), key: file('server-key.pem') }));
    await using agent = await run({ probes: [{ name: 'cert', type: 'tls', host: '127.0.0.1', port: server.port }] });
    expect(await untilMeasured(agent, 'probe_up', { probe: 'cert' })).toBe(0);
    expect(valueOf(agent, 'probe_tls_trusted')).toBe(0);
    expect(valueOf(agent, 'probe_tls_remaining_seconds')).toBeDefined();
  });

  it('may not look into networks that nobody opened', async () => {
    await using agent = await runAgent(endpointMonitor, {
      config: {
        probes: [
          { name: 'metadata', type: 'http', url: 'http://169.254.169.254/latest' },
          { name: 'inside', type: 'tcp', host: '127.0.0.1', port: 5432 },
        ],
      },
    });
    for (const probe of ['metadata', 'inside']) expect(await untilMeasured(agent, 'probe_up', { probe })).toBe(0);
    const report = agent.state.value<{ endpoints: { reason: string }[] }>('endpoints:endpoint_monitor_under_test');
    for (const { reason } of report?.endpoints ?? []) expect(reason).toContain('may not be called');
  });

  it('say once that an endpoint went and once that it came back', async () => {
    let status = 200;
    await using web = await http((_, response) => void ((response.statusCode = status), response.end()));
    await using agent = await run({ probes: [{ name: 'shop', type: 'http', url: `http://127.0.0.1:${web.port}/`, every: '1s' }] });
    const upIs = (up: number) =>
      expect
        .poll(
          async () => {
            await agent.tick();
            return valueOf(agent, 'probe_up');
          },
          { timeout: 15_000 },
        )
        .toBe(up);
    await upIs(1);
    status = 500;
    await upIs(0);
    await agent.tick();
    status = 200;
    await upIs(1);
    expect(agent.events.map(({ type }) => type)).toEqual(['endpoint:failed', 'endpoint:recovered']);
  });
});

describe('scraping', () => {
  it('takes the metrics of a target under its name, and leaves what is no number', async () => {
    await using web = await http((request, response) => {
      expect(request.headers.authorization).toBe('Bearer token');
      response.end('jobs_total{queue="a",target="inner"} 5\nlag_seconds NaN\nheap_bytes 1e6\nbroken{ 1\n');
    });
    await using agent = await run({ scrape: [{ name: 'worker', url: `http://127.0.0.1:${web.port}/metrics`, bearer: 'token' }] });
    expect(await untilMeasured(agent, 'scrape_up', { target: 'worker' })).toBe(1);
    expect(agent.metrics.find(({ name }) => name === 'jobs_total')).toMatchObject({
      value: 5,
      labels: { queue: 'a', exported_target: 'inner', target: 'worker' },
    });
    expect(agent.metrics.find(({ name }) => name === 'heap_bytes')?.unit).toBe('bytes');
    expect(valueOf(agent, 'lag_seconds')).toBeUndefined();
    expect([valueOf(agent, 'scrape_samples'), valueOf(agent, 'scrape_samples_left'), valueOf(agent, 'scrape_bad_lines')]).toEqual([
      2, 1, 1,
    ]);
  });

  it('says why a target gives nothing', async () => {
    await using web = await http((_, response) => response.end('<html>not metrics</html>'));
    await using agent = await run({ scrape: [{ name: 'page', url: `http://127.0.0.1:${web.port}/` }] });
    expect(await untilMeasured(agent, 'scrape_up', { target: 'page' })).toBe(0);
    const report = agent.state.value<{ endpoints: { reason: string }[] }>('endpoints:endpoint_monitor_under_test');
    expect(report?.endpoints[0]?.reason).toContain('line 1');
  });

  it('is bounded where a target gives 1,000,000 label values, and says how many it left', () => {
    const text = Array.from({ length: 100_000 }, (_, n) => `requests_total{user="${n}"} 1`).join('\n');
    const { values, samples } = taken(text, { name: 'flood', labels: {}, series: 2_000 });
    expect(samples).toHaveLength(2_000);
    expect(values).toMatchObject({ scrape_samples: 2_000, scrape_samples_left: 98_000 });
  });
});

describe('with nothing to watch', () => {
  it('the agent rests', async () => {
    await using agent = await run({});
    expect((await agent.tick()).kind).toBe('succeeded');
    expect(agent.metrics).toEqual([]);
  });
});
