import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { Client, RunTree } from 'langsmith';

export interface SdkSending {
  readonly apiUrl: string;
  readonly key: string;
  readonly runs: number;
  readonly perSecond: number;
  /** Where it writes the ids whose parts a request carried that was acknowledged. */
  readonly output: string;
}

export interface Acknowledged {
  readonly created: number;
  /** Of runs whose beginning, or all, was acknowledged. */
  readonly begun: readonly string[];
  /** Of runs whose end was. */
  readonly ended: readonly string[];
}

const PART = /name="(post|patch)\.([0-9a-f-]{36})(\.outputs)?"/g;

/** The SDK compresses what it sends where the server says that it may. */
const unpacked = (body: Buffer): Buffer => (body[0] === 0x1f && body[1] === 0x8b ? gunzipSync(body) : body);

/** Sends runs with the real SDK, at a steady pace, and notes what was acknowledged: the SDK itself does not tell. */
async function run({ apiUrl, key, runs, perSecond, output }: SdkSending): Promise<void> {
  const begun = new Set<string>();
  const ended = new Set<string>();
  const fetchImplementation: typeof fetch = async (input, init) => {
    if (init?.body === undefined || init.body === null) return fetch(input, init);
    const body = Buffer.from(await new Response(init.body).arrayBuffer());
    const response = await fetch(input, { ...init, body: new Uint8Array(body) });
    if (response.ok)
      for (const [, kind, id = '', outputs] of unpacked(body).toString('latin1').matchAll(PART)) {
        if (kind === 'post') begun.add(id);
        if (kind === 'patch' || outputs !== undefined) ended.add(id);
      }
    return response;
  };
  const client = new Client({ apiUrl, apiKey: key, fetchImplementation });
  let created = 0;
  while (created < runs) {
    const tick = performance.now();
    for (let n = 0; n < perSecond / 10 && created < runs; n += 1) {
      const tree = new RunTree({ name: 'survives', run_type: 'chain', inputs: { n: created }, project_name: 'survival', client });
      created += 1;
      void tree
        .postRun()
        .then(async () => {
          await tree.end({ n: created });
          await tree.patchRun();
        })
        .catch(() => undefined); // what is not acknowledged is not counted
    }
    await delay(Math.max(0, 100 - (performance.now() - tick)));
  }
  await client.awaitPendingTraceBatches();
  const told: Acknowledged = { created, begun: [...begun], ended: [...ended] };
  writeFileSync(output, JSON.stringify(told));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await run(JSON.parse(process.argv[2] ?? '') as SdkSending);
