import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BOOTSTRAP, bearer, testServer, type TestServer } from '../../../../test/server/support/test-server.ts';
import { sql } from '../../../db/sql.ts';
import { tracesModule } from '../index.ts';

let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  folder = await mkdtemp(join(tmpdir(), 'muster-replay-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await server[Symbol.asyncDispose]();
});

const send = (payload: object) =>
  server.app.inject({ method: 'POST', url: '/langsmith/admin/replay', headers: bearer(BOOTSTRAP), payload });
const runs = async (project: string) =>
  (
    await server.database.database.query<{ name: string; outputs: string }>(
      sql`select r.name, r.outputs from muster.trace_runs r join muster.trace_projects p using (project_no) where p.name = ${project}`,
    )
  ).rows;

/** What the files hold that are written already: one that is still being written is not JSON yet. */
async function written(): Promise<readonly string[]> {
  const texts = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
  return texts.map((text) => {
    try {
      return Buffer.from((JSON.parse(text) as { body_base64: string }).body_base64, 'base64').toString();
    } catch {
      return '';
    }
  });
}

describe('the files of failed traces', () => {
  it('that the SDK itself wrote are taken, and taken again change nothing', async () => {
    // An endpoint that refuses everything for good: the SDK gives up at once and writes its files.
    const broken = createServer((request, response) => {
      request.resume();
      request.on('end', () => response.writeHead(request.url === '/info' ? 200 : 422).end('{}'));
    });
    await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve));
    process.env['LANGSMITH_FAILED_TRACES_DIR'] = folder;
    try {
      const [{ Client }, { traceable }] = await Promise.all([import('langsmith'), import('langsmith/traceable')]);
      const client = new Client({ apiUrl: `http://127.0.0.1:${(broken.address() as AddressInfo).port}`, apiKey: 'k' });
      const ask = traceable(async (input: { q: string }) => ({ a: input.q.length }), {
        name: 'ask',
        client,
        tracingEnabled: true,
        project_name: 'failed',
      });
      await ask({ q: 'why' });
      await client.awaitPendingTraceBatches();
      await expect.poll(async () => (await written()).some((file) => file.includes('"a":3'))).toBe(true);
    } finally {
      delete process.env['LANGSMITH_FAILED_TRACES_DIR'];
      broken.closeAllConnections();
      await new Promise((resolve) => broken.close(resolve));
    }
    const files = await Promise.all(
      (await readdir(folder)).map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as object),
    );
    for (const _ of [1, 2])
      for (const file of files) {
        const answer = await send(file);
        expect([answer.statusCode, answer.json().refused]).toEqual([200, 0]);
        expect(answer.json().taken).toBeGreaterThan(0);
      }
    expect(await runs('failed')).toEqual([{ name: 'ask', outputs: '{"a":3}' }]);
  });

  const file = (endpoint: string, body: unknown, more: object = {}) => ({
    version: 1,
    endpoint,
    headers: { 'Content-Type': 'application/json' },
    body_base64: Buffer.from(JSON.stringify(body)).toString('base64'),
    ...more,
  });

  it('may hold a batch, or one run; what is bad in it is told', async () => {
    const id = '11111111-1111-4111-8111-111111111111';
    const one = { id, name: 'x', run_type: 'chain', start_time: new Date().toISOString(), session_name: 'single' };
    expect((await send(file('runs/batch', { post: [one, { id: 'no' }], patch: [] }))).json()).toEqual({ taken: 1, refused: 1 });
    expect(
      (await send(file(`https://api.smith.langchain.com/runs/${id}`, { end_time: new Date().toISOString(), outputs: { a: 1 } }))).json(),
    ).toEqual({ taken: 1, refused: 0 });
    expect(await runs('single')).toEqual([{ name: 'x', outputs: '{"a":1}' }]);
  });

  it.each([
    ['another version', file('runs/batch', {}, { version: 2 }), 422],
    ['what is no base64', file('runs/batch', {}, { body_base64: '%%%' }), 422],
    ['another endpoint', file('sessions', {}), 400],
    ['a form without a boundary', file('runs/multipart', {}), 400],
    ['gzip that is none', file('runs/batch', {}, { headers: { 'content-encoding': 'gzip' } }), 400],
  ])('are refused: %s', async (_what, payload, status) => {
    expect((await send(payload)).statusCode).toBe(status);
  });
});
