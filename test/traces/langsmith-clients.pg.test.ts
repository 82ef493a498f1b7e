import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as current from 'langsmith';
import * as oldest from 'langsmith-0.3';
import * as older from 'langsmith-0.6';
import { traceable } from 'langsmith/traceable';
import { sql } from '../../src/db/sql.ts';
import { tracesModule } from '../../src/modules/traces/index.ts';
import { inflate } from '../../src/modules/traces/blobs/inflate.ts';
import { BOOTSTRAP, testServer, type TestServer } from '../server/support/test-server.ts';

let server: TestServer;
let apiUrl: string;
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  apiUrl = `${await server.listen()}/langsmith`;
});
afterAll(() => server[Symbol.asyncDispose]());

interface Stored {
  readonly run_id: string;
  readonly parent_run_id: string | null;
  readonly trace_id: string;
  readonly name: string;
  readonly status: number;
  readonly model: string | null;
  readonly total_tokens: number | null;
  readonly inputs: unknown;
  readonly outputs: unknown;
  readonly error: unknown;
}

/** The runs of a project, by name, as they were kept. */
async function runsOf(project: string): Promise<readonly Stored[]> {
  const { rows } = await server.database.database.query<
    Record<'inputs' | 'outputs' | 'error', string | null> & Stored & { keep_days: number; date: string }
  >(sql`
    select r.*, r.day::text as date from muster.trace_runs r join muster.trace_projects p using (project_no) where p.name = ${project} order by r.name`);
  const texts = await inflate(
    server.database.database,
    rows.map((row) => ({ keepDays: row.keep_days, day: row.date, texts: [row.inputs, row.outputs, row.error] })),
  );
  const parsed = (text: string | null | undefined): unknown => (text === null || text === undefined ? null : JSON.parse(text));
  return rows.map((row, index) => {
    const [inputs, outputs, error] = texts[index] ?? [];
    return { ...row, inputs: parsed(inputs), outputs: parsed(outputs), error: parsed(error) };
  });
}

const long = 'You answer questions about a shop. '.repeat(20);
const messages = [
  { role: 'system', content: long },
  { role: 'user', content: 'Where is my order? \u{1F4E6} „Straße“' },
];

type Package = Pick<typeof current, 'Client' | 'RunTree'>;

describe.each([
  ['current', current as unknown as Package],
  ['0.6', older as unknown as Package],
  ['0.3', oldest as unknown as Package],
])('the LangSmith client of JavaScript, %s', (version, { Client, RunTree }) => {
  it('has its runs kept as it sent them, with attachments and feedback', async () => {
    const client = new Client({ apiUrl, apiKey: BOOTSTRAP });
    const project = `client-${version}`;
    const root = new RunTree({ name: 'a-root', run_type: 'chain', inputs: { messages }, project_name: project, client });
    await root.postRun();
    const call = root.createChild({
      name: 'b-call',
      run_type: 'llm',
      inputs: { messages },
      metadata: { ls_provider: 'openai', ls_model_name: 'gpt-4o-mini' },
    });
    call.attachments = { note: ['text/plain', new TextEncoder().encode('kept')] };
    await call.postRun();
    const answer = { role: 'assistant', content: long, usage_metadata: { input_tokens: 11, output_tokens: 7, total_tokens: 18 } };
    await call.end(answer);
    await call.patchRun();
    const broken = root.createChild({ name: 'c-tool', run_type: 'tool', inputs: { n: 1 } });
    await broken.postRun();
    await broken.end(undefined, 'Error: no stock');
    await broken.patchRun();
    await root.end({ answer: long });
    await root.patchRun();
    await client.createFeedback(call.id, 'stars', { score: 0.8, comment: 'good' });
    await client.awaitPendingTraceBatches();

    expect(await runsOf(project)).toMatchObject([
      {
        run_id: root.id,
        parent_run_id: null,
        trace_id: root.id,
        name: 'a-root',
        status: 1,
        inputs: { messages },
        outputs: { answer: long },
      },
      {
        run_id: call.id,
        parent_run_id: root.id,
        trace_id: root.id,
        name: 'b-call',
        status: 1,
        model: 'gpt-4o-mini',
        total_tokens: 18,
        inputs: { messages },
        outputs: answer,
      },
      { run_id: broken.id, parent_run_id: root.id, trace_id: root.id, name: 'c-tool', status: 2, error: 'Error: no stock' },
    ]);
    const { rows: attachments } = await server.database.database.query<{ name: string; mime_type: string; body: Buffer }>(
      sql`select name, mime_type, body from muster.trace_attachments where run_id = ${call.id}`,
    );
    expect(attachments.map(({ name, mime_type, body }) => [name, mime_type, body.toString()])).toEqual([['note', 'text/plain', 'kept']]);
    const { rows: feedback } = await server.database.database.query(
      sql`select key, score, comment from muster.trace_feedback where run_id = ${call.id}`,
    );
    expect(feedback).toEqual([{ key: 'stars', score: 0.8, comment: 'good' }]);
  });
});

it('a traced function of the current client is kept with what it called', async () => {
  const client = new current.Client({ apiUrl, apiKey: BOOTSTRAP });
  const options = { client, project_name: 'traceable', tracingEnabled: true };
  const inner = traceable(async (question: string) => `answer to ${question}`, { ...options, name: 'b-inner', run_type: 'llm' });
  const outer = traceable(async (question: string) => inner(question), { ...options, name: 'a-outer' });
  expect(await outer('why?')).toBe('answer to why?');
  await client.awaitPendingTraceBatches();
  const [first, second] = await runsOf('traceable');
  expect([first, second]).toMatchObject([
    { name: 'a-outer', status: 1, inputs: { input: 'why?' }, outputs: { outputs: 'answer to why?' } },
    { name: 'b-inner', status: 1, inputs: { input: 'why?' }, outputs: { outputs: 'answer to why?' } },
  ]);
  expect(second?.parent_run_id).toBe(first?.run_id);
});
