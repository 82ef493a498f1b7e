import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AgentContext } from '../src/agent/context.ts';
import { defineAgent } from '../src/agent/define-agent.ts';
import { RunLedger } from '../src/agent/run-ledger.ts';
import { systemClock } from '../src/base/clock.ts';
import { agentId, epoch, newHostId } from '../src/base/ids.ts';
import { silentLogger } from '../src/base/logger.ts';
import { IsolatedRunner } from '../src/fleet/isolated/isolated-runner.ts';
import type { Bench } from './support/bench.ts';
import { treeUse } from './support/processes.ts';

const AT_ONCE = 10;
const MEGABYTE = 1_000_000;
const MODULE = `export default { type: 'resting', name: 'Resting', description: 'Does nothing.', schedule: { every: '1h' }, run: async () => {} };`;

/** What an agent costs that runs in a thread or a process of its own, beyond what it does: time to start, and memory at rest. */
export const bench: Bench = {
  name: 'isolation',
  title: 'an agent in a thread or process of its own: start, and memory at rest',
  seconds: 20,
  figures: [
    { id: 'thread-start', title: 'thread, until the agent has started, median', bar: 500, unit: 'ms', better: 'less' },
    { id: 'process-start', title: 'process, until the agent has started, median', bar: 1_000, unit: 'ms', better: 'less' },
    { id: 'thread-memory', title: 'thread, resident memory added to the host', bar: 25, unit: 'MB', better: 'less' },
    { id: 'process-memory', title: 'process, resident memory', bar: 100, unit: 'MB', better: 'less' },
    { id: 'process-share', title: 'process, its share of memory', unit: 'MB', better: 'less' },
  ],
  async run(ctx) {
    const file = join(ctx.folder, 'resting.mjs');
    writeFileSync(file, MODULE);
    const source = { url: pathToFileURL(file).href };
    const starts = { thread: [] as number[], process: [] as number[] };
    const deadline = performance.now() + (ctx.seconds * 1_000) / 2;
    do {
      for (const kind of ['thread', 'process'] as const) {
        const agent = await begin(kind, source);
        starts[kind].push(agent.startMs);
        await agent.stop();
        ctx.progress(`${starts[kind].length} starts of each`);
      }
    } while (performance.now() < deadline && !ctx.signal.aborted);

    const before = ownRss();
    const threads = await several('thread', source);
    const threadBytes = (ownRss() - before) / AT_ONCE;
    await Promise.all(threads.map((agent) => agent.stop()));
    const processes = await several('process', source);
    const children = treeUse(process.pid).filter(({ pid }) => pid !== process.pid);
    await Promise.all(processes.map((agent) => agent.stop()));
    const mean = (of: (use: (typeof children)[number]) => number): number =>
      children.reduce((sum, use) => sum + of(use), 0) / children.length;
    return [
      { figure: 'thread-start', value: median(starts.thread), raw: starts.thread },
      { figure: 'process-start', value: median(starts.process), raw: starts.process },
      { figure: 'thread-memory', value: threadBytes / MEGABYTE, detail: { at_once: AT_ONCE } },
      { figure: 'process-memory', value: mean(({ rssBytes }) => rssBytes) / MEGABYTE, detail: { at_once: children.length } },
      { figure: 'process-share', value: mean(({ pssBytes }) => pssBytes ?? Number.NaN) / MEGABYTE },
    ];
  },
};

const ownRss = (): number => process.memoryUsage.rss();
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const several = (kind: 'thread' | 'process', source: { readonly url: string }) =>
  Promise.all(Array.from({ length: AT_ONCE }, () => begin(kind, source)));

async function begin(kind: 'thread' | 'process', source: { readonly url: string }) {
  const stop = new AbortController();
  const began = performance.now();
  const runner = new Promise<{ readonly startMs: number; readonly ended: Promise<unknown> }>((resolve, reject) => {
    const life = new IsolatedRunner({
      definition: defineAgent({ type: 'resting', name: 'Resting', description: 'Does nothing.', run: () => Promise.resolve() }),
      agentId: 'resting_00',
      config: {} as never,
      clock: systemClock,
      ledger: new RunLedger(),
      context: (call, config) => ({ ...call, config, ...IDENTITY }) as unknown as AgentContext<never>,
      observer: { started: () => resolve({ startMs: performance.now() - began, ended }) },
      isolation: { kind, memoryLimitMb: 64, source },
      terms: {
        entry: new URL('../src/fleet/isolated/child.js', import.meta.url),
        trustedUntil: () => performance.now() + 600_000,
        lapseGraceMs: 500,
      },
      rawConfig: () => ({}),
    });
    const ended = life.live(stop.signal);
    ended.then((end) => end.kind === 'crashed' && reject(end.error), reject);
  });
  const { startMs, ended } = await runner;
  return {
    startMs,
    async stop(): Promise<void> {
      stop.abort(new Error('measured'));
      await ended;
    },
  };
}

const IDENTITY = { agentId: agentId('resting_00'), agentType: 'resting', hostId: newHostId(), epoch: epoch(1), log: silentLogger };
