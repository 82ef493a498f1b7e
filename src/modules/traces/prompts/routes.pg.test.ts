import { ChatPromptTemplate } from '@langchain/core/prompts';
import { Client } from 'langsmith';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BOOTSTRAP, bearer, testServer, type TestServer } from '../../../../test/server/support/test-server.ts';
import { tracesModule } from '../index.ts';

let server: TestServer;
let client: Client;
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  client = new Client({ apiUrl: `${await server.listen()}/langsmith`, apiKey: BOOTSTRAP, callerOptions: { maxRetries: 0 } });
  for (const [system, description] of [
    ['Be kind', 'the first'],
    ['Be kind to {who}', 'names who'],
  ])
    await client.pushPrompt('greet', {
      object: ChatPromptTemplate.fromMessages([['system', system ?? '']]),
      description: 'Greets people',
      commitDescription: description ?? '',
      tags: ['shop'],
    });
  await client.createPrompt('empty');
  await client.updatePrompt('empty', { isArchived: true });
});
afterAll(() => server[Symbol.asyncDispose]());

const hashes = async (): Promise<readonly string[]> => {
  const { items } = (await server.ask('GET', '/traces/prompts/greet/versions')).json<{ items: { hash: string }[] }>();
  return items.map(({ hash }) => hash);
};

/** Clients remember what they pulled. */
const pulled = async (tag: string): Promise<string> => (await client.pullPromptCommit(`greet:${tag}`, { skipCache: true })).commit_hash;

it('lists prompts that are in use, and those that are archived, by words and tags', async () => {
  const names = async (query: string): Promise<readonly string[]> =>
    (await server.ask('GET', `/traces/prompts${query}`)).json<{ items: { name: string }[] }>().items.map(({ name }) => name);
  expect(await names('')).toEqual(['greet']);
  expect(await names('?archived=true')).toEqual(['empty']);
  expect(await names('?q=PEOPLE&tag=shop')).toEqual(['greet']);
  expect(await names('?tag=other')).toEqual([]);
  expect((await server.ask('GET', '/traces/prompts/greet')).json()).toMatchObject({
    versions: 2,
    description: 'Greets people',
    last_hash: (await hashes())[0],
  });
});

it('shows a version as messages and as it was pushed', async () => {
  const [last, first] = await hashes();
  const shown = (await server.ask('GET', `/traces/prompts/greet/versions/${first?.slice(0, 8)}`)).json();
  expect(shown).toMatchObject({
    hash: first,
    parent_hash: null,
    description: 'the first',
    template: { format: 'f-string', variables: [], messages: [{ role: 'system', parts: [{ type: 'text', text: 'Be kind' }] }] },
    manifest: { lc: 1 },
  });
  expect((await server.ask('GET', '/traces/prompts/greet/versions/latest')).json()).toMatchObject({ hash: last, parent_hash: first });
});

it('moves a tag, and what is pulled by it', async () => {
  const [last, first] = await hashes();
  expect((await server.ask('PUT', '/traces/prompts/greet/tags/live', { body: { version: first } })).json()).toEqual({
    tag: 'live',
    hash: first,
  });
  expect(await pulled('live')).toBe(first);
  await server.ask('PUT', '/traces/prompts/greet/tags/live', { body: { version: 'latest' } });
  expect(await pulled('live')).toBe(last);
  expect((await server.ask('GET', '/traces/prompts/greet/versions')).json()).toMatchObject({ items: [{ tags: ['live'] }, { tags: [] }] });
  expect((await server.ask('DELETE', '/traces/prompts/greet/tags/live')).statusCode).toBe(204);
  expect((await server.ask('DELETE', '/traces/prompts/greet/tags/live')).statusCode).toBe(404);
  expect((await server.ask('PUT', '/traces/prompts/greet/tags/latest', { body: { version: 'latest' } })).statusCode).toBe(422);
});

it('says of what is not there that it is not', async () => {
  for (const path of ['none', 'none/versions', 'greet/versions/0000000000', 'greet/versions/none'])
    expect([path, (await server.ask('GET', `/traces/prompts/${path}`)).statusCode]).toEqual([path, 404]);
});

it('lets a key that is confined to projects read, and neither tag nor delete', async () => {
  const { key } = (await server.ask('POST', '/keys', { body: { name: 'of shop', role: 'operator', projects: ['shop'] } })).json<{
    key: string;
  }>();
  const headers = bearer(key);
  expect((await server.ask('GET', '/traces/prompts/greet', { headers })).statusCode).toBe(200);
  expect((await server.ask('PUT', '/traces/prompts/greet/tags/live', { headers, body: { version: 'latest' } })).statusCode).toBe(403);
  expect((await server.ask('DELETE', '/traces/prompts/greet', { headers })).statusCode).toBe(403);
});

it('deletes a prompt with its versions', async () => {
  expect((await server.ask('DELETE', '/traces/prompts/empty')).statusCode).toBe(204);
  expect(await client.promptExists('empty')).toBe(false);
});
