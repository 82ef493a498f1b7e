import { randomUUID } from 'node:crypto';
import * as current from 'langsmith';
import * as oldest from 'langsmith-0.3';
import * as older from 'langsmith-0.6';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, BOOTSTRAP, testServer, type TestServer } from '../../../../test/server/support/test-server.ts';
import { sql } from '../../../db/sql.ts';
import { tracesModule } from '../index.ts';
import { Datasets } from './datasets.ts';

let server: TestServer;
const { Client } = current;
let client: current.Client;
let apiUrl: string;
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  apiUrl = `${await server.listen()}/langsmith`;
  client = new Client({ apiUrl, apiKey: BOOTSTRAP, autoBatchTracing: false });
});
afterAll(() => server[Symbol.asyncDispose]());

const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
};
const named = (): string => `set-${randomUUID()}`;

/** An example as it is answered, before a client reads it. */
interface Attached {
  readonly attachment_urls: Readonly<Record<string, { readonly presigned_url: string }>>;
}

describe('datasets by the client of LangSmith', () => {
  it('are made, found, changed, told apart by name, and deleted', async () => {
    const name = named();
    const made = await client.createDataset(name, {
      description: 'Of questions',
      metadata: { team: 'a' },
      inputsSchema: { type: 'object' },
    });
    expect(made).toMatchObject({
      name,
      description: 'Of questions',
      data_type: 'kv',
      example_count: 0,
      inputs_schema_definition: { type: 'object' },
    });
    expect(await client.readDataset({ datasetName: name })).toMatchObject({ id: made.id });
    expect(await client.hasDataset({ datasetId: made.id })).toBe(true);
    expect(await client.hasDataset({ datasetId: randomUUID() })).toBe(false);
    expect(await client.hasDataset({ datasetName: named() })).toBe(false);
    await expect(client.createDataset(name)).rejects.toThrow(/409|already/);
    expect(await client.updateDataset({ datasetId: made.id, description: 'Of answers' })).toMatchObject({
      name,
      description: 'Of answers',
    });
    expect((await all(client.listDatasets({ datasetNameContains: name.slice(4, 20).toUpperCase() }))).map(({ id }) => id)).toEqual([
      made.id,
    ]);
    expect(await all(client.listDatasets({ datasetName: name, metadata: { team: 'b' } }))).toEqual([]);
    expect(await all(client.listDatasets({ datasetName: name, metadata: { team: 'a' } }))).toHaveLength(1);
    await client.deleteDataset({ datasetName: name });
    expect(await client.hasDataset({ datasetId: made.id })).toBe(false);
  });

  it('hold examples, which come back as they went in, in their order', async () => {
    const { id: datasetId } = await client.createDataset(named());
    const inputs = Array.from({ length: 250 }, (_, i) => ({ question: `${i} \u0000 \ud83d`, n: i }));
    const made = await client.createExamples({
      datasetId,
      inputs: inputs.slice(0, 2),
      outputs: [{ answer: 'a' }, { answer: 'b' }],
      metadata: [{ level: 'easy', odd: '\u0000' }, { level: 'hard' }],
      splits: ['train', ['test', 'hard']],
    });
    expect(made.map(({ inputs: given, outputs, metadata }) => [given, outputs, metadata])).toEqual([
      [inputs[0], { answer: 'a' }, { level: 'easy', odd: '', dataset_split: ['train'] }],
      [inputs[1], { answer: 'b' }, { level: 'hard', dataset_split: ['test', 'hard'] }],
    ]);
    await client.createExamples(inputs.slice(2).map((given) => ({ dataset_id: datasetId, inputs: given })));
    expect((await all(client.listExamples({ datasetId }))).map(({ inputs: given }) => given)).toEqual(inputs);
    expect(await all(client.listExamples({ datasetId, splits: ['hard'] }))).toHaveLength(1);
    expect(await all(client.listExamples({ datasetId, metadata: { level: 'easy' } }))).toHaveLength(1);
    expect(await all(client.listExamples({ datasetId, limit: 7, offset: 245 }))).toHaveLength(5);
    expect(await client.readDataset({ datasetId })).toMatchObject({ example_count: 250 });
  });

  it('keep numbers of any length, digit for digit', async () => {
    const { id: datasetId } = await client.createDataset(named());
    const exampleId = randomUUID();
    const form = new FormData();
    form.append(exampleId, new Blob(['{}'], { type: 'application/json' }));
    form.append(`${exampleId}.inputs`, new Blob(['{"n": 12345678901234567890.10}'], { type: 'application/json' }));
    const sent = await fetch(`${apiUrl}/v1/platform/datasets/${datasetId}/examples`, {
      method: 'POST',
      body: form,
      headers: bearer(BOOTSTRAP),
    });
    expect([sent.status, await sent.json()]).toEqual([201, { count: 1, example_ids: [exampleId], as_of: expect.any(String) }]);
    const read = await fetch(`${apiUrl}/examples/${exampleId}`, { headers: bearer(BOOTSTRAP) });
    expect(await read.text()).toContain('"inputs":{"n": 12345678901234567890.10}');
  });

  it('show an example as it was: changed, deleted, tagged', async () => {
    const { id: datasetId } = await client.createDataset(named());
    const [first, second] = await client.createExamples({ datasetId, inputs: [{ a: 1 }, { a: 2 }], outputs: [{ b: 1 }, { b: 2 }] });
    const before = (await client.readDataset({ datasetId })).modified_at ?? '';
    await client.updateDatasetTag({ datasetId, asOf: before, tag: 'golden' });
    await client.updateExample({ id: first?.id ?? '', inputs: { a: 10 }, metadata: { seen: true } });
    await client.deleteExample(second?.id ?? '');
    expect(
      (await all(client.listExamples({ datasetId }))).map(({ inputs, outputs, metadata }) => [inputs, outputs, metadata?.['seen']]),
    ).toEqual([[{ a: 10 }, { b: 1 }, true]]);
    for (const asOf of [before, 'golden'])
      expect((await all(client.listExamples({ datasetId, asOf }))).map(({ inputs }) => inputs)).toEqual([{ a: 1 }, { a: 2 }]);
    expect(await client.readDatasetVersion({ datasetId, tag: 'golden' })).toMatchObject({ as_of: before, tags: ['golden'] });
    // A tag of a moment between two versions stands at the one that held then.
    const { modified_at: last } = await client.readDataset({ datasetId });
    await client.updateDatasetTag({ datasetId, asOf: new Date(Date.parse(last) + 1_000).toISOString(), tag: 'later' });
    expect(await client.readDatasetVersion({ datasetId, tag: 'later' })).toMatchObject({ as_of: last, tags: ['later'] });
    expect(await client.diffDatasetVersions({ datasetId, fromVersion: before, toVersion: 'latest' })).toEqual({
      examples_added: [],
      examples_modified: [first?.id],
      examples_removed: [second?.id],
    });
    await expect(client.readExample(second?.id ?? '')).rejects.toThrow(/404|not found/i);
  });

  it('are the same when a form is sent again, and refuse an id of another dataset', async () => {
    const { id: datasetId } = await client.createDataset(named());
    const id = randomUUID();
    const again = () => client.createExamples([{ dataset_id: datasetId, id, inputs: { a: 1 }, metadata: { zz: 1, a: { c: 1, b: 2 } } }]);
    await again();
    const { modified_at: before } = await client.readDataset({ datasetId });
    await again();
    expect((await client.readDataset({ datasetId })).modified_at).toBe(before);
    const other = await client.createDataset(named());
    await expect(client.createExamples([{ dataset_id: other.id, id, inputs: {} }])).rejects.toThrow(/409|belongs/);
  });

  it('are refused with what is wrong where they are no examples', async () => {
    const add = async (path: string, body: string) => {
      const headers = { 'x-api-key': BOOTSTRAP, 'content-type': 'application/json' };
      const answer = await fetch(`${apiUrl}${path}`, { method: 'POST', headers, body });
      return [answer.status, ((await answer.json()) as { detail: string }).detail];
    };
    expect(await add('/examples/bulk', '[{"a":NaN}]')).toEqual([422, 'the body is JSON']);
    expect(await add('/examples/bulk', '{}')).toEqual([422, 'the body is a list of up to 10000 examples']);
    expect(await add('/examples', `{"inputs":${'['.repeat(2_000)}${']'.repeat(2_000)}}`)).toEqual([
      422,
      'the body is nested deeper than 1000 levels',
    ]);
    expect(await add('/examples', String.raw`{"dataset_id":"a\u0000b","inputs":{}}`)).toEqual([404, 'there is no dataset a\u0000b']);
  });

  it('are filtered in the language of runs, by metadata, entries and splits', async () => {
    const { id: datasetId } = await client.createDataset(named());
    await client.createExamples([
      { dataset_id: datasetId, inputs: { q: 'a' }, outputs: { a: 1 }, metadata: { tier: 'gold', tenant: { no: 1 } } },
      { dataset_id: datasetId, inputs: { q: 'b' }, outputs: { a: 2 }, metadata: { tier: 'silver', score: 7 }, split: 'test' },
      { dataset_id: datasetId, inputs: { q: 'c' } },
    ]);
    const find = async (filter: string) =>
      (await all(client.listExamples({ datasetId, filter }))).map(({ inputs }) => inputs['q']).join('');
    expect(await find('exists(metadata, "tier")')).toBe('ab');
    expect(await find(`and(not(has(metadata, '{"tier": "gold"}')), exists(metadata, "tier"))`)).toBe('b');
    expect(await find(`has(metadata, '{"tenant": {"no": 1}}')`)).toBe('a');
    expect(await find('not(exists(metadata, "tenant"))')).toBe('bc');
    expect(await find('and(eq(metadata_key, "score"), gt(metadata_value, 6))')).toBe('b');
    expect(await find(`has(metadata, '{"dataset_split": ["test"]}')`)).toBe('b');
    expect(await find('or(and(eq(output_key, "a"), eq(output_value, 1)), and(eq(input_key, "q"), in(input_value, ["c"])))')).toBe('ac');
    await expect(find('eq(model, "x")')).rejects.toThrow(/422.*examples are not filtered by model/);
    await expect(find('search("x")')).rejects.toThrow(/examples are not filtered by search/);
    await expect(find('exists(metadata')).rejects.toThrow(/the filter breaks at character 16/);
  });

  it('are made of a CSV file by clients of each version, all of it or nothing', async () => {
    const csv = '\uFEFFq,a,note\r\n"hello, ""you""",b,"two\nlines"\r\nq2,\u00e9,\r\n';
    const upload = { csvFile: new Blob([csv]), fileName: 'x.csv', inputKeys: ['q', 'note'], outputKeys: ['a'], description: 'of a file' };
    for (const { Client: Version } of [current, older, oldest] as unknown as (typeof current)[]) {
      const versioned = new Version({ apiUrl, apiKey: BOOTSTRAP });
      const made = await versioned.uploadCsv({ ...upload, name: named() });
      expect(made).toMatchObject({ description: 'of a file', data_type: 'kv', example_count: 2 });
      const listed = await all(versioned.listExamples({ datasetId: made.id }));
      expect(listed.map(({ inputs, outputs }) => ({ inputs, outputs }))).toEqual([
        { inputs: { q: 'hello, "you"', note: 'two\nlines' }, outputs: { a: 'b' } },
        { inputs: { q: 'q2', note: '' }, outputs: { a: '\u00e9' } },
      ]);
    }
    const name = named();
    await expect(client.uploadCsv({ ...upload, name, inputKeys: ['nowhere'] })).rejects.toThrow(/line 1 has no column nowhere/);
    await expect(client.uploadCsv({ ...upload, name, csvFile: new Blob(['q,note,a\n"open']) })).rejects.toThrow(/never closed/);
    expect(await client.hasDataset({ datasetName: name })).toBe(false);
  });

  it('have splits that can be changed, and attachments that are fetched without a key', async () => {
    const { id: datasetId } = await client.createDataset(named());
    const [example] = await client.createExamples([
      { dataset_id: datasetId, inputs: { a: 1 }, attachments: { picture: { mimeType: 'image/png', data: new Uint8Array([1, 2, 3]) } } },
    ]);
    const id = example?.id ?? '';
    expect(await client.listDatasetSplits({ datasetId })).toEqual(['base']);
    await client.updateDatasetSplits({ datasetId, splitName: 'test', exampleIds: [id] });
    expect(await client.listDatasetSplits({ datasetId })).toEqual(['test']);
    await client.updateDatasetSplits({ datasetId, splitName: 'test', exampleIds: [id], remove: true });
    expect(await client.listDatasetSplits({ datasetId })).toEqual(['base']);
    const [listed] = await all(client.listExamples({ datasetId, includeAttachments: true }));
    const url = listed?.attachments?.['picture']?.presigned_url ?? '';
    const raw = (await (await fetch(`${apiUrl}/examples/${id}`, { headers: { 'x-api-key': BOOTSTRAP } })).json()) as Attached;
    expect(raw.attachment_urls['attachment.picture']?.presigned_url).toBe(url);
    const fetched = await fetch(url);
    expect([fetched.status, fetched.headers.get('content-type'), [...new Uint8Array(await fetched.arrayBuffer())]]).toEqual([
      200,
      'image/png',
      [1, 2, 3],
    ]);
    expect((await fetch(`${url}x`)).status).toBe(404);
    await client.deleteExamples([id], { hardDelete: true });
    expect((await fetch(url)).status).toBe(404);
  });

  it('take inputs and outputs from runs, and are hidden from a key that may not see where those were', async () => {
    const { id: datasetId } = await client.createDataset(named());
    const runId = randomUUID();
    const project = `p-${runId}`;
    await client.createRun({
      id: runId,
      name: 'r',
      run_type: 'llm',
      inputs: { q: 'long '.repeat(500) },
      project_name: project,
      start_time: Date.now(),
    });
    await client.updateRun(runId, { outputs: { a: 'x' }, end_time: Date.now() });
    await client.createExamples([{ dataset_id: datasetId, inputs: undefined as never, source_run_id: runId, use_source_run_io: true }]);
    expect((await all(client.listExamples({ datasetId })))[0]).toMatchObject({
      inputs: { q: 'long '.repeat(500) },
      outputs: { a: 'x' },
      source_run_id: runId,
    });
    const { rows } = await server.database.database.query(
      sql`select (select name from muster.trace_projects where project_no = any(project_nos)) as name from muster.trace_datasets where dataset_id = ${datasetId}`,
    );
    expect(rows).toEqual([{ name: project }]);
    const datasets = new Datasets(server.database.database);
    expect(await datasets.get(datasetId, null)).toMatchObject({ datasetId });
    await expect(datasets.get(datasetId, [])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('say what is wrong with a request', async () => {
    const ask = (path: string) => fetch(`${apiUrl}${path}`, { headers: bearer(BOOTSTRAP) });
    for (const [path, status] of [
      ['/datasets?id=x', 422],
      ['/datasets?limit=-1', 422],
      ['/datasets?metadata=%7B', 422],
      ['/datasets/x', 422],
      [`/datasets/${randomUUID()}`, 404],
      ['/examples', 422],
      [`/examples?dataset=${randomUUID()}`, 404],
      [`/examples/${randomUUID()}`, 404],
    ] as const)
      expect([path, (await ask(path)).status]).toEqual([path, status]);
    const { id } = await client.createDataset(named());
    const post = (body: string | FormData, type?: string) =>
      fetch(`${apiUrl}/v1/platform/datasets/${id}/examples`, {
        method: 'POST',
        body,
        headers: { ...bearer(BOOTSTRAP), ...(type === undefined ? {} : { 'content-type': type }) },
      });
    expect((await post('{}', 'application/json')).status).toBe(415);
    expect((await post('--x\r\n', 'multipart/form-data; boundary=x')).status).toBe(400);
    const form = new FormData();
    form.append('nonsense', 'x');
    expect((await post(form)).status).toBe(422);
  });
});
