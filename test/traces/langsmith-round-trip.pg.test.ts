import fc from 'fast-check';
import * as current from 'langsmith';
import * as oldest from 'langsmith-0.3';
import * as older from 'langsmith-0.6';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tracesModule } from '../../src/modules/traces/index.ts';
import { BOOTSTRAP, testServer, type TestServer } from '../server/support/test-server.ts';

let server: TestServer;
let apiUrl: string;
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  apiUrl = `${await server.listen()}/langsmith`;
  // What is tested is that nothing changes: some of it looks like the number of a phone.
  const off = { secrets: false, environment: false, email: false, phone: false, iban: false, card: false, pseudonyms: [] };
  const answer = await server.ask('PUT', '/traces/settings', { body: { redaction: off } });
  expect([answer.statusCode, answer.body]).toEqual([200, expect.any(String)]);
});
afterAll(() => server[Symbol.asyncDispose]());

/** What comes from the edges of JSON and of PostgreSQL's texts. */
const ODD: readonly unknown[] = [
  null,
  '',
  '\u0000',
  'a\u0000b',
  '\ud83d',
  '\udce6\ud83d',
  '\u{1F4E6}\u2028\ufeff\u00e9e\u0301',
  '"\\"\\\\\n\r\t',
  '\\u0000',
  2 ** 53 + 2,
  -9_007_199_254_740_991,
  1e21,
  5e-324,
  1.797_693_134_862_315_7e308,
  0.1,
  [],
  {},
  [[], [null], {}, ''],
  { '': '', constructor: 1, toString: null, hasOwnProperty: '' },
  JSON.parse('{"__proto__": {"admin": true}}') as unknown,
  { id: null, parent: { parent: { parent: null } } },
  '2026-02-30T25:61:00Z',
  'null',
  '{"a":1}',
  'x'.repeat(3_000),
];
const odd = fc.oneof(
  fc.constantFrom(...ODD),
  fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.array(fc.constantFrom(...ODD), { maxLength: 4 }),
);
const object = fc.dictionary(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', 'messages', 'input', 'id', 'error')), odd, {
  maxKeys: 4,
  noNullPrototype: true,
});
const run = fc.record({ inputs: object, outputs: object, metadata: object });

type Package = Pick<typeof current, 'Client' | 'RunTree'>;

describe.each([
  ['current', current as unknown as Package],
  ['0.6', older as unknown as Package],
  ['0.3', oldest as unknown as Package],
])('what the LangSmith client of JavaScript, %s, wrote', (version, { Client, RunTree }) => {
  it('reads the same again, whatever it was', async () => {
    let projects = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 20 }), async (values) => {
        const client = new Client({ apiUrl, apiKey: BOOTSTRAP });
        const project = `odd-${version}-${(projects += 1)}`;
        const sent = new Map<string, object>();
        for (const [index, { inputs, outputs, metadata }] of values.entries()) {
          const tree = new RunTree({ name: `run ${index}`, run_type: 'tool', inputs, extra: { metadata }, project_name: project, client });
          await tree.postRun();
          await tree.end(outputs);
          await tree.patchRun();
          sent.set(tree.id, { inputs, outputs, metadata });
        }
        await client.awaitPendingTraceBatches();
        const read = new Map<string, object>();
        for await (const { id, inputs, outputs, extra } of client.listRuns({ projectName: project })) {
          // The client adds to metadata what it knows of its environment.
          const all = (extra as { metadata: Record<string, unknown> }).metadata;
          const said = Object.keys((sent.get(id) as { metadata: object } | undefined)?.metadata ?? {});
          const metadata = Object.fromEntries(said.map((key) => [key, all[key]]));
          read.set(id, { inputs, outputs, metadata });
        }
        expect(read.size).toBe(values.length);
        // As text: the order of keys counts as well.
        for (const [id, wrote] of sent) expect(JSON.stringify(read.get(id))).toBe(JSON.stringify(wrote));
      }),
      { numRuns: 6 },
    );
  });
});
