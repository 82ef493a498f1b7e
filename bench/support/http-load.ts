import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

export interface Load {
  readonly base: string;
  readonly key: string;
  /** Asked in turn. */
  readonly paths: readonly string[];
  readonly perSecond: number;
  readonly seconds: number;
  /** Not counted: connections are made, code is compiled. */
  readonly warmUpSeconds: number;
  /** Every how many answers one is parsed: parsing all would make the client the bottleneck. */
  readonly parseEvery: number;
}

export interface LoadReport {
  /** From the moment a request was due, not from when it was sent: a server that stalls does not slow the measurement down. */
  readonly latencyMs: readonly number[];
  /** Of each request, the index of its path. */
  readonly pathOf: readonly number[];
  readonly failures: Readonly<Record<string, number>>;
  readonly bytes: number;
  readonly connections: number;
  /** Of the parsed answers: how old the newest heartbeat in them was when the answer had arrived. */
  readonly staleMs: readonly number[];
  /** Of the parsed answers. */
  readonly itemsMin: number;
  readonly pointsMin: number;
  readonly cpuMs: number;
}

interface Answer {
  readonly items: readonly { readonly last_heartbeat_at?: string | null; readonly points?: readonly unknown[] }[];
}

/** Asks at a steady rate, whatever becomes of the answers, and tells how long each took. */
async function run(load: Load): Promise<LoadReport> {
  const agent = new Agent({ keepAlive: true, maxSockets: 200 });
  const latencyMs: number[] = [];
  const pathOf: number[] = [];
  const staleMs: number[] = [];
  const failures: Record<string, number> = {};
  let [bytes, connections, itemsMin, pointsMin] = [0, 0, Infinity, Infinity];
  const total = (load.warmUpSeconds + load.seconds) * load.perSecond;
  const started = performance.now();
  let measuredFrom = process.cpuUsage();
  const under: Promise<void>[] = [];

  const ask = (index: number, due: number, counts: boolean): Promise<void> =>
    new Promise((resolve) => {
      const pathIndex = index % load.paths.length;
      const fail = (reason: string): void => {
        failures[reason] = (failures[reason] ?? 0) + 1;
        resolve();
      };
      const call = request(
        `${load.base}${load.paths[pathIndex] ?? '/'}`,
        { agent, headers: { authorization: `Bearer ${load.key}` } },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => void chunks.push(chunk));
          response.on('error', (error) => fail(error.message));
          response.on('end', () => {
            const now = performance.now();
            if (response.statusCode !== 200) return fail(`status ${response.statusCode}`);
            if (counts) {
              latencyMs.push(now - due);
              pathOf.push(pathIndex);
              bytes += chunks.reduce((sum, chunk) => sum + chunk.length, 0);
              if (latencyMs.length % load.parseEvery === 0) look(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Answer, Date.now());
            }
            resolve();
          });
        },
      );
      call.on('socket', (socket) => {
        if (!socket.connecting) return;
        connections += 1;
      });
      call.on('error', (error) => fail(error.message));
      call.end();
    });

  const look = ({ items }: Answer, now: number): void => {
    itemsMin = Math.min(itemsMin, items.length);
    for (const { points } of items) if (points !== undefined) pointsMin = Math.min(pointsMin, points.length);
    const newest = Math.max(
      ...items.map((item) => (typeof item.last_heartbeat_at === 'string' ? Date.parse(item.last_heartbeat_at) : -Infinity)),
    );
    if (Number.isFinite(newest)) staleMs.push(now - newest);
  };

  for (let i = 0; i < total; i += 1) {
    const due = started + (i * 1_000) / load.perSecond;
    const wait = due - performance.now();
    if (wait > 0) await delay(wait);
    const counts = i >= load.warmUpSeconds * load.perSecond;
    if (i === load.warmUpSeconds * load.perSecond) measuredFrom = process.cpuUsage();
    under.push(ask(i, due, counts));
  }
  await Promise.all(under);
  const cpu = process.cpuUsage(measuredFrom);
  agent.destroy();
  return { latencyMs, pathOf, failures, bytes, connections, staleMs, itemsMin, pointsMin, cpuMs: (cpu.user + cpu.system) / 1_000 };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const load = JSON.parse(process.argv[2] ?? '') as Load;
  process.stdout.write(JSON.stringify(await run(load)));
}
