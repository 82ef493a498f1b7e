import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { BenchContext } from '../support/bench.ts';
import { Hook, peerTopics } from './hook.ts';
import { freePort } from '../support/muster-process.ts';

const run = promisify(execFile);
const PROMETHEUS = 'prometheus';
const ALERTMANAGER = 'prometheus-alertmanager';
const READY_MS = 30_000;
/** Alerts are posted with an end so far away that nothing ends them meanwhile. */
const LASTS_MS = 3_600_000;

export interface PeerTiming {
  readonly scrape: string;
  readonly evaluate: string;
  readonly groupWait: string;
  readonly groupInterval: string;
}

export const tuned: PeerTiming = { scrape: '1s', evaluate: '1s', groupWait: '0s', groupInterval: '1s' };
export const defaults: PeerTiming = { scrape: '1m', evaluate: '1m', groupWait: '30s', groupInterval: '5m' };

/** Which of Debian's programs are not installed. */
export async function missingPrograms(): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const program of [PROMETHEUS, ALERTMANAGER]) {
    try {
      await run(program, ['--version']);
    } catch {
      // Whatever keeps it from telling its version keeps it from being measured.
      missing.push(program);
    }
  }
  return missing;
}

export interface PeerOptions {
  readonly ctx: Pick<BenchContext, 'defer' | 'signal'>;
  readonly folder: string;
  readonly timing: PeerTiming;
  /** Who is scraped; undefined: there is only Alertmanager. */
  readonly exporter: string | undefined;
}

export interface PeerStack {
  /** Who hears of its alerts. */
  readonly hook: Hook;
  /** Gives an alert to Alertmanager, as Prometheus would. Resolves when it is answered. */
  alert(name: string, numbers: readonly number[]): Promise<void>;
  /** A silence of everything; resolves when it is answered. */
  silence(): Promise<void>;
  silences(): Promise<number>;
  /** kill -9 of Alertmanager, and a start on the data it left. */
  killAndRestart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startPeer({ ctx, exporter, folder, timing }: PeerOptions): Promise<PeerStack> {
  await mkdir(folder, { recursive: true });
  const hook = await Hook.listen(peerTopics, ctx.signal);
  ctx.defer(() => hook.down());
  const [prometheusPort, alertmanagerPort] = [await freePort(), await freePort()];
  const at = `http://127.0.0.1:${alertmanagerPort}`;
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const children = new Set<ChildProcess>();
  const output = createWriteStream(join(folder, 'output'), { flags: 'a' });
  const start = async (program: string, port: number, args: readonly string[]): Promise<ChildProcess> => {
    const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.pipe(output, { end: false });
    child.stderr.pipe(output, { end: false });
    ctx.defer(() => endOf(child));
    children.add(child);
    await ready(`http://127.0.0.1:${port}/-/ready`, ctx.signal);
    return child;
  };
  const config = await file('alertmanager.yml', alertmanagerConfig(timing, hook.url));
  const startAlertmanager = (): Promise<ChildProcess> =>
    start(ALERTMANAGER, alertmanagerPort, [
      `--config.file=${config}`,
      `--storage.path=${join(folder, 'alertmanager')}`,
      `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
      '--cluster.listen-address=',
    ]);
  let alertmanager = await startAlertmanager();
  if (exporter !== undefined) {
    const rules = await file('rules.yml', RULES);
    const prometheus = await file(
      'prometheus.yml',
      prometheusConfig(timing, { exporter, rules, alertmanager: `127.0.0.1:${alertmanagerPort}` }),
    );
    await start(PROMETHEUS, prometheusPort, [
      `--config.file=${prometheus}`,
      `--storage.tsdb.path=${join(folder, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${prometheusPort}`,
    ]);
  }
  return {
    hook,
    async alert(name, numbers) {
      const [startsAt, endsAt] = [new Date(), new Date(Date.now() + LASTS_MS)];
      await post(
        `${at}/api/v2/alerts`,
        numbers.map((n) => ({ labels: { alertname: name, n: String(n) }, startsAt, endsAt })),
      );
    },
    async silence() {
      const matchers = [{ name: 'alertname', value: '.+', isRegex: true, isEqual: true }];
      await post(`${at}/api/v2/silences`, {
        matchers,
        startsAt: new Date(),
        endsAt: new Date(Date.now() + LASTS_MS),
        createdBy: 'bench',
        comment: 'bench',
      });
    },
    async silences() {
      const response = await fetch(`${at}/api/v2/silences`, { signal: AbortSignal.timeout(10_000) });
      return ((await response.json()) as readonly { readonly status: { readonly state: string } }[]).filter(
        ({ status: { state } }) => state === 'active',
      ).length;
    },
    async stop() {
      await Promise.all([...children].map(endOf));
      await hook.down();
    },
    async killAndRestart() {
      await endOf(alertmanager);
      alertmanager = await startAlertmanager();
    },
  };
}

/** kill -9, and waits until it is gone. */
async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function post(url: string, body: unknown): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}

async function ready(url: string, signal: AbortSignal): Promise<void> {
  const until = performance.now() + READY_MS;
  for (;;) {
    signal.throwIfAborted();
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.ok === true) return;
    if (performance.now() > until) throw new Error(`${url} was not ready within ${READY_MS / 1_000} s`);
    await delay(50);
  }
}

const RULES = `groups:
  - name: bench
    rules:
      - alert: bench_fault
        expr: bench_fault > 0
`;

/** Each fault is a group of its own: none waits for the interval of another's group. */
const alertmanagerConfig = ({ groupInterval, groupWait }: PeerTiming, hook: string): string => `route:
  receiver: hook
  group_by: [alertname, n]
  group_wait: ${groupWait}
  group_interval: ${groupInterval}
  repeat_interval: 4h
receivers:
  - name: hook
    webhook_configs:
      - url: ${hook}
        send_resolved: true
`;

const prometheusConfig = (
  { evaluate, scrape }: PeerTiming,
  { alertmanager, exporter, rules }: { readonly exporter: string; readonly rules: string; readonly alertmanager: string },
): string => `global:
  scrape_interval: ${scrape}
  evaluation_interval: ${evaluate}
rule_files: [${rules}]
scrape_configs:
  - job_name: bench
    scrape_timeout: 1s
    static_configs: [{ targets: ['${exporter}'] }]
alerting:
  alertmanagers:
    - static_configs: [{ targets: ['${alertmanager}'] }]
`;
