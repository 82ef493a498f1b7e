import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../src/db/embedded/port.ts';
import { performanceModule } from '../../src/modules/performance/index.ts';
import { missing, pathOf } from '../support/requirements.ts';
import { until } from '../support/until.ts';
import { BOOTSTRAP, testServer, type TestServer } from './support/test-server.ts';

interface Prometheus extends AsyncDisposable {
  readonly url: string;
  readonly output: () => string;
}

/** A real Prometheus on loopback that scrapes Muster and writes to it what it knows of itself. */
async function startPrometheus(muster: string): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-prometheus-'));
  const port = await freePort();
  const { host } = new URL(muster);
  await writeFile(
    join(folder, 'prometheus.yml'),
    `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - { job_name: muster, static_configs: [{ targets: ['${host}'] }] }
  - { job_name: itself, static_configs: [{ targets: ['127.0.0.1:${port}'] }] }
remote_write:
  - url: ${muster}/api/v1/write
    authorization: { credentials: ${BOOTSTRAP} }
    queue_config: { batch_send_deadline: 1s }
`,
  );
  const child = spawn(
    pathOf('prometheus'),
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output = (output + chunk).slice(-20_000)));
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const url = `http://127.0.0.1:${port}`;
  await until('Prometheus is ready', async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true, 60_000);
  return {
    url,
    output: () => output,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

describe.skipIf(missing('prometheus'))('a real Prometheus', () => {
  let server: TestServer;
  let prometheus: Prometheus;
  beforeAll(async () => {
    server = await testServer({ modules: [performanceModule] });
    prometheus = await startPrometheus(await server.listen());
  });
  afterAll(async () => {
    await prometheus[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const query = async (
    expression: string,
  ): Promise<readonly { readonly metric: Readonly<Record<string, string>>; readonly value: readonly [number, string] }[]> => {
    const answer = await fetch(`${prometheus.url}/api/v1/query?query=${encodeURIComponent(expression)}`);
    const { data } = (await answer.json()) as { data: { result: { metric: Record<string, string>; value: [number, string] }[] } };
    return data.result;
  };

  it('scrapes /metrics without a complaint', async () => {
    // A scrape that a busy machine answers too late ends what was known of the one before.
    await expect
      .poll(
        async () => {
          const targets = (await (await fetch(`${prometheus.url}/api/v1/targets`)).json()) as {
            data: { activeTargets: { labels: { job: string }; health: string; lastError: string }[] };
          };
          const muster = targets.data.activeTargets.find(({ labels }) => labels.job === 'muster');
          return {
            health: muster?.health,
            lastError: muster?.lastError,
            up: (await query('up{job="muster"}'))[0]?.value[1],
            version: (await query('muster_build_info'))[0]?.metric['version'],
            database: (await query('muster_database_up'))[0]?.value[1],
          };
        },
        { timeout: 60_000 },
      )
      .toEqual({ health: 'up', lastError: '', up: '1', version: '0.0.0-test', database: '1' });
    const metadata = (await (await fetch(`${prometheus.url}/api/v1/metadata?metric=muster_samples_written`)).json()) as {
      data: Record<string, { type: string }[]>;
    };
    expect(metadata.data['muster_samples_written']?.[0]?.type).toBe('counter');
  });

  it('writes what it scrapes to /api/v1/write, and nothing of it is refused', async () => {
    await until(
      'its samples are in Muster',
      async () => {
        await server.state.metrics.flush();
        const { items } = await server.state.metrics.latest({ metricName: 'prometheus_build_info' }, { limit: 10 });
        return items.some(({ labels, value }) => labels['job'] === 'itself' && value === 1);
      },
      60_000,
    );
    await until(
      'what it scraped of Muster is there too',
      async () => {
        await server.state.metrics.flush();
        const { items } = await server.state.metrics.latest({ metricName: 'muster_build_info' }, { limit: 10 });
        return items[0]?.labels['version'] === '0.0.0-test';
      },
      60_000,
    );
    expect(prometheus.output()).not.toMatch(/non-recoverable error|server returned HTTP status 4/);
    expect(server.state.metrics.status().rejected).toMatchObject({ bad_name: 0, bad_time: 0, too_many_series: 0 });
  });
});
