import { Agent, createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BenchContext } from '../support/bench.ts';
import { quantile } from '../support/percentiles.ts';
import { treeCpuMs } from '../support/processes.ts';
import type { Part } from './part.ts';
import { KEY, openStage } from './stage.ts';

/** Pairs in a run of full length. */
const PAIRS = 4_000;
const HITS = 4_000;
/** Asked and not counted: a server that has just begun compiles what it runs, and starts its agents. */
const WARM = 600;
/** Hits come after that. */
const WARM_HITS = 100;
const CHUNKS = 30;

/**
 * The same streamed chat asked of a scripted provider directly and through the gateway, in turn: what the gateway adds to each. Then the same
 * question again and again, which is answered from what is kept.
 */
export const gateway: Part = {
  name: 'gateway',
  figures: [
    {
      id: 'gateway-p50',
      title: 'a streamed chat through the gateway − the same without, whole, median',
      unit: 'ms',
      bar: 3,
      better: 'less',
    },
    { id: 'gateway-p99', title: 'the same, 99th percentile of the differences', unit: 'ms', bar: 10, better: 'less' },
    { id: 'gateway-first-p50', title: 'the same to the first token, median', unit: 'ms', better: 'less' },
    { id: 'gateway-hit-p99', title: 'an answer that is kept, whole, 99th percentile', unit: 'ms', bar: 5, better: 'less' },
  ],
  async run(ctx, scale) {
    const provider = await openProvider(ctx);
    const stage = await openStage(ctx, 'gateway');
    const made = await fetch(`${stage.base}/api/v1/gateway/providers/bench`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ base_url: `${provider}/v1`, api_key: 'k', kind: 'openai' }),
    });
    if (made.status !== 200) throw new Error(`the provider was not taken: ${await made.text()}`);
    const direct = { url: `${provider}/v1/chat/completions`, agent: new Agent({ keepAlive: true }) };
    const through = { url: `${stage.base}/openai/v1/chat/completions`, agent: new Agent({ keepAlive: true }) };
    ctx.defer(async () => {
      direct.agent.destroy();
      through.agent.destroy();
    });
    const pairs = Math.max(200, Math.round(PAIRS * scale));
    const added: number[] = [];
    const addedFirst: number[] = [];
    const directMs: number[] = [];
    const cpu = treeCpuMs(stage.muster.pid);
    for (let n = 0; n < pairs + WARM && !ctx.signal.aborted; n++) {
      if (n % 100 === 0) ctx.progress(`gateway: pair ${n} of ${pairs + WARM}`);
      const body = question(`question ${n}`, 1);
      // In turn, so that neither always finds the machine warm from the other.
      const [first, second] = n % 2 === 0 ? [direct, through] : [through, direct];
      const [one, two] = [await ask(first, body), await ask(second, body)];
      const [without, with_] = n % 2 === 0 ? [one, two] : [two, one];
      if (n < WARM) continue;
      added.push(with_.wholeMs - without.wholeMs);
      addedFirst.push(with_.firstMs - without.firstMs);
      directMs.push(without.wholeMs);
    }
    const cpuMs = (treeCpuMs(stage.muster.pid) - cpu) / (pairs + WARM);
    const hits: number[] = [];
    const kept = question('what is kept', 0);
    await ask(through, kept);
    for (let n = 0; n < Math.max(200, Math.round(HITS * scale)) + WARM_HITS && !ctx.signal.aborted; n++) {
      const { cache, wholeMs } = await ask(through, kept);
      if (n >= WARM_HITS && cache === 'exact') hits.push(wholeMs);
    }
    return [
      {
        figure: 'gateway-p50',
        value: quantile(added, 0.5),
        detail: {
          pairs: added.length,
          not_counted: WARM,
          chunks: CHUNKS,
          direct_p50_ms: quantile(directMs, 0.5),
          direct_p99_ms: quantile(directMs, 0.99),
          server_cpu_ms_a_request: cpuMs,
        },
      },
      { figure: 'gateway-p99', value: quantile(added, 0.99) },
      { figure: 'gateway-first-p50', value: quantile(addedFirst, 0.5), detail: { first_p99_ms: quantile(addedFirst, 0.99) } },
      { figure: 'gateway-hit-p99', value: quantile(hits, 0.99), detail: { hits: hits.length, hit_p50_ms: quantile(hits, 0.5) } },
    ];
  },
};

const question = (content: string, temperature: number): string =>
  JSON.stringify({
    model: 'gpt-4o-mini',
    stream: true,
    temperature,
    messages: [{ role: 'user', content: `${content} ${'word '.repeat(200)}` }],
  });

interface Told {
  readonly firstMs: number;
  readonly wholeMs: number;
  readonly cache: string | undefined;
}

function ask({ agent, url }: { readonly url: string; readonly agent: Agent }, body: string): Promise<Told> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const sent = httpRequest(
      url,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), authorization: `Bearer ${KEY}` },
      },
      (response) => {
        let firstMs = 0;
        response.on('data', () => (firstMs = firstMs === 0 ? performance.now() - began : firstMs));
        response.on('end', () => {
          if (response.statusCode !== 200) return reject(new Error(`answered ${response.statusCode}`));
          const cache = response.headers['x-muster-cache'];
          return resolve({ firstMs, wholeMs: performance.now() - began, cache: Array.isArray(cache) ? cache[0] : cache });
        });
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** A vendor whose model needs no time: what is measured is the way there and back. */
async function openProvider(ctx: BenchContext): Promise<string> {
  const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'gpt-4o-mini' };
  const chunk = (delta: object, finish: string | null): string =>
    `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const events = [...Array.from({ length: CHUNKS }, (_, n) => chunk({ content: `word ${n} ` }, null)), chunk({}, 'stop')];
  const server: Server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      let place = 0;
      const next = (): void => {
        const event = events[place++];
        if (event === undefined) return void response.end('data: [DONE]\n\n');
        response.write(event);
        setImmediate(next);
      };
      next();
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ctx.defer(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
