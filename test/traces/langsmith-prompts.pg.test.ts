import { ChatPromptTemplate } from '@langchain/core/prompts';
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
});
afterAll(() => server[Symbol.asyncDispose]());

type Package = Pick<typeof current, 'Client'>;
const clientOf = ({ Client }: Package, apiKey = BOOTSTRAP) => new Client({ apiUrl, apiKey, callerOptions: { maxRetries: 0 } });

async function gathered<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe.each([
  ['current', current as unknown as Package],
  ['0.6', older as unknown as Package],
  ['0.3', oldest as unknown as Package],
])('prompts by the LangSmith client of JavaScript, %s', (version, pack) => {
  const name = `greet-${version.replace('.', '-')}`;
  let client: current.Client;
  beforeAll(() => {
    client = clientOf(pack);
  });

  it('come back as they were pushed, in versions, found by name', async () => {
    expect(await client.promptExists(name)).toBe(false);
    const first = ChatPromptTemplate.fromMessages([
      ['system', 'Du grüßt höflich. \u{1F44B} {{not a variable}}'],
      ['human', '{who}'],
    ]);
    const second = ChatPromptTemplate.fromMessages([['human', 'Hello {who}']]);
    await client.pushPrompt(name, { object: first, description: 'Greets people', tags: ['shop'] });
    await client.pushPrompt(name, { object: second });
    expect(await client.getPrompt(name)).toMatchObject({
      repo_handle: name,
      full_name: `muster/${name}`,
      description: 'Greets people',
      tags: ['shop'],
      num_commits: 2,
      is_public: false,
    });
    const [newest, oldestCommit] = (await gathered(client.listCommits(name))) as unknown as {
      commit_hash: string;
      parent_commit_hash: string;
    }[];
    expect(newest?.parent_commit_hash).toBe(oldestCommit?.commit_hash);
    const pulled = await client.pullPromptCommit(name);
    expect([pulled.commit_hash, pulled.manifest]).toEqual([newest?.commit_hash, JSON.parse(JSON.stringify(second))]);
    const before = await client.pullPromptCommit(`${name}:${oldestCommit?.commit_hash.slice(0, 8)}`);
    expect(before.manifest).toEqual(JSON.parse(JSON.stringify(first)));
    expect((await gathered(client.listPrompts({ query: name.toUpperCase() }))).map(({ repo_handle }) => repo_handle)).toEqual([name]);
    expect([await client.likePrompt(name), await client.unlikePrompt(name)]).toEqual([{ likes: 1 }, { likes: 0 }]);
    await client.updatePrompt(name, { description: 'No more', isArchived: true });
    expect(await gathered(client.listPrompts({ query: name }))).toEqual([]);
  });

  it('are not pushed twice unchanged, nor over what somebody else pushed meanwhile', async () => {
    const object = { kwargs: { template: version } };
    await client.createPrompt(`${name}-race`);
    await client.createCommit(`${name}-race`, object);
    await expect(client.createCommit(`${name}-race`, object)).rejects.toThrow(/nothing to commit/);
    await expect(client.createCommit(`${name}-race`, { kwargs: {} }, { parentCommitHash: 'f'.repeat(64) })).rejects.toThrow(
      /is not the last one/,
    );
    expect(await gathered(client.listCommits(`${name}-race`))).toHaveLength(1);
    await client.deletePrompt(`${name}-race`);
    expect(await client.promptExists(`${name}-race`)).toBe(false);
  });
});

it('a tag stays on its version until it is moved', async () => {
  const client = clientOf(current);
  await client.createPrompt('tagged');
  await client.createCommit('tagged', { n: 1 }, { tags: ['production', 'first'] });
  await client.createCommit('tagged', { n: 2 });
  const pull = async (tag: string) => (await client.pullPromptCommit(`tagged:${tag}`, { skipCache: true })).manifest;
  expect([await pull('production'), await pull('latest')]).toEqual([{ n: 1 }, { n: 2 }]);
  await client.createCommit('tagged', { n: 3 }, { tags: 'production' });
  expect([await pull('production'), await pull('first')]).toEqual([{ n: 3 }, { n: 1 }]);
  await expect(pull('none')).rejects.toThrow(/has no version none/);
});

it('the files of an agent are kept in versions: a push says what changed', async () => {
  const client = clientOf(current);
  const file = (content: string) => ({ type: 'file' as const, content });
  await client.pushAgent('helper', { files: { 'AGENTS.md': file('# Helps'), 'old.md': file('gone') } });
  const { commit_hash: first } = await client.pullAgent('helper');
  await client.pushAgent('helper', { files: { 'new.md': file('new'), 'old.md': null } });
  expect((await client.pullAgent('helper')).files).toEqual({ 'AGENTS.md': file('# Helps'), 'new.md': file('new') });
  expect(Object.keys((await client.pullAgent('helper', { version: first })).files)).toEqual(['AGENTS.md', 'old.md']);
  expect((await gathered(client.listAgents())).map(({ repo_handle }) => repo_handle)).toEqual(['helper']);
  expect(await gathered(client.listPrompts({ query: 'helper' }))).toEqual([]);
  await client.deleteAgent('helper');
  expect(await client.agentExists('helper')).toBe(false);
});

it('a key that is confined to projects pulls prompts and pushes none', async () => {
  await clientOf(current).pushPrompt('for-all', { object: { n: 1 } });
  const { key } = (await server.ask('POST', '/keys', { body: { name: 'of shop', role: 'operator', projects: ['shop'] } })).json<{
    key: string;
  }>();
  const confined = clientOf(current, key);
  expect((await confined.pullPromptCommit('for-all')).manifest).toEqual({ n: 1 });
  await expect(confined.pushPrompt('for-all', { object: { n: 2 } })).rejects.toThrow(/confined to some projects/);
});
