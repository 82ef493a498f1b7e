import { randomFillSync } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Corpus, MULTIPART, multipartOf } from './corpus.ts';
import { SpanTemplates } from './span-templates.ts';

/** What the sending process is asked to do. */
export interface Sending {
  readonly base: string;
  readonly key: string;
  readonly path: string;
  readonly clients: number;
  readonly seconds: number;
  readonly runsARequest: number;
  readonly encoding: 'identity' | 'gzip';
  /** One JSON document a run instead of a form: for the plain handler. */
  readonly singly?: boolean;
  /** Not as many as there is room for, but this many. */
  readonly runsPerSecond?: number;
  /** Exports of OpenTelemetry in protobuf instead of a form. */
  readonly as?: 'spans';
}

export interface Sent {
  readonly acknowledged: number;
  readonly requests: number;
  readonly seconds: number;
  readonly latencyMs: readonly number[];
  readonly failures: Readonly<Record<string, number>>;
  readonly bytes: number;
  readonly cpuMs: number;
}

const TEMPLATES = 40;

/** Requests whose ids and unique words are written anew each time, in place: the sender shares the machine and must cost little. */
class Templates {
  readonly #bodies: {
    readonly body: Buffer;
    readonly runs: readonly { readonly ids: readonly number[]; readonly words: readonly number[] }[];
  }[] = [];
  #next = 0;

  constructor(sending: Sending) {
    const corpus = new Corpus();
    for (let n = 0; n < TEMPLATES; n += 1) {
      const runs = Array.from({ length: sending.runsARequest }, () => corpus.next());
      const body =
        sending.singly === true
          ? Buffer.from(JSON.stringify({ ...runs[0]?.fields, inputs: runs[0]?.inputs, outputs: runs[0]?.outputs, extra: runs[0]?.extra }))
          : multipartOf(runs, { separate: sending.encoding === 'gzip' });
      const places = runs.map(({ id, inputs, outputs }) => {
        const user = ((inputs as { messages: { content: string }[] }).messages[1]?.content ?? '').slice(0, 60);
        const answer = (outputs as { content: string }).content.slice(0, 60);
        return { ids: placesOf(body, id), words: [...placesOf(body, user), ...placesOf(body, answer)] };
      });
      this.#bodies.push({ body, runs: places });
    }
  }

  /** A copy with new ids and words. */
  next(): Buffer {
    const template = this.#bodies[this.#next++ % this.#bodies.length];
    if (template === undefined) throw new Error('there are no templates');
    const body = Buffer.from(template.body);
    for (const { ids, words } of template.runs) {
      const random = randomFillSync(Buffer.allocUnsafe(16)).toString('hex');
      const id = `${random.slice(0, 8)}-${random.slice(8, 12)}-4${random.slice(13, 16)}-8${random.slice(17, 20)}-${random.slice(20)}`;
      for (const at of ids) body.write(id, at, 'latin1');
      for (const at of words) body.write(random, at, 'latin1');
    }
    return body;
  }
}

function placesOf(body: Buffer, text: string): readonly number[] {
  const places: number[] = [];
  for (let at = body.indexOf(text); at !== -1; at = body.indexOf(text, at + 1)) places.push(at);
  return places;
}

async function run(sending: Sending): Promise<Sent> {
  const agent = new Agent({ keepAlive: true, maxSockets: sending.clients });
  const templates = sending.as === 'spans' ? new SpanTemplates(sending.runsARequest) : new Templates(sending);
  const latencyMs: number[] = [];
  const failures: Record<string, number> = {};
  let [acknowledged, requests, bytes] = [0, 0, 0];
  const began = performance.now();
  const until = began + sending.seconds * 1_000;
  const cpu = process.cpuUsage();
  const client = async (): Promise<void> => {
    while (performance.now() < until) {
      await pace(sending, requests * sending.runsARequest, began);
      const plain = templates.next();
      const body = sending.encoding === 'gzip' ? gzipSync(plain, { level: 6 }) : plain;
      const asked = performance.now();
      const status = await send(sending, agent, body);
      requests += 1;
      bytes += body.length;
      latencyMs.push(performance.now() - asked);
      if (status === 202 || status === 200) acknowledged += sending.runsARequest;
      else failures[status] = (failures[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: sending.clients }, client));
  const seconds = (performance.now() - began) / 1_000;
  agent.destroy();
  const used = process.cpuUsage(cpu);
  return { acknowledged, requests, seconds, latencyMs, failures, bytes, cpuMs: (used.user + used.system) / 1_000 };
}

/** Waits until the next request is due. */
async function pace({ runsPerSecond }: Sending, runs: number, began: number): Promise<void> {
  if (runsPerSecond === undefined) return;
  const early = began + (runs / runsPerSecond) * 1_000 - performance.now();
  if (early > 0) await delay(early);
}

function send({ base, path, key, encoding, singly, as }: Sending, agent: Agent, body: Buffer): Promise<number | string> {
  return new Promise((resolve) => {
    const call = request(
      `${base}${path}`,
      {
        method: 'POST',
        agent,
        headers: {
          'x-api-key': key,
          'content-type': singly === true ? 'application/json' : as === 'spans' ? 'application/x-protobuf' : MULTIPART,
          'content-length': body.length,
          ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }),
        },
      },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
        response.on('error', (error) => resolve(error.message));
      },
    );
    call.on('error', (error) => resolve(error.message));
    call.end(body);
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.stdout.write(JSON.stringify(await run(JSON.parse(process.argv[2] ?? '') as Sending)));
}
