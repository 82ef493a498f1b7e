import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineAgent } from '../../src/agent/index.ts';
import { newHostId } from '../../src/base/ids.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { sql } from '../../src/db/sql.ts';
import { FleetHost } from '../../src/fleet/host.ts';
import { AgentPage, AgentView } from '../../src/server/schemas/agents.ts';
import { until } from '../support/until.ts';
import { addAgents, testServer, type TestServer } from './support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
  await addAgents(server.state, 25);
});
afterAll(() => server[Symbol.asyncDispose]());

interface Page {
  readonly items: readonly { readonly agent_id: string; readonly state: string }[];
  readonly next_cursor: string | null;
}

describe('the list of agents', () => {
  test('fits its schema, although its bytes are rendered beside it', async () => {
    const answer = await server.ask('GET', '/agents?limit=1000');
    expect(answer.statusCode).toBe(200);
    expect(AgentPage.parse(answer.json())).toEqual(answer.json());
  });

  test('gives every agent once, page by page', async () => {
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Page = (await server.ask('GET', `/agents?limit=10${cursor === '' ? '' : `&cursor=${cursor}`}`)).json();
      seen.push(...page.items.map((agent) => agent.agent_id));
      cursor = page.next_cursor;
    }
    const { rows } = await server.database.database.query<{ agent_id: string }>(sql`select agent_id from muster.agents order by agent_id`);
    expect(seen).toEqual(rows.map((row) => row.agent_id));
  });

  test('goes on after an agent that was deleted meanwhile', async () => {
    await server.state.agents.ensure([{ agentId: 'load_0009_gone', name: 'Gone', type: 'load' }]);
    await until('the list shows it', async () => (await server.ask('GET', '/agents?search=0009_gone')).json<Page>().items.length === 1);
    const first: Page = (await server.ask('GET', '/agents?limit=11&type=load')).json();
    expect(first.items.at(-1)?.agent_id).toBe('load_0009_gone');
    await server.ask('DELETE', '/agents/load_0009_gone');
    const second: Page = (await server.ask('GET', `/agents?limit=1&type=load&cursor=${first.next_cursor}`)).json();
    expect(second.items[0]?.agent_id).toBe('load_0010');
  });

  test.each([
    ['state=inactive', (agent: { state: string }) => agent.state === 'inactive'],
    ['type=load', (agent: { agent_type?: string }) => agent.agent_type === 'load'],
    ['search=LOAD_0003', (agent: { agent_id: string }) => agent.agent_id === 'load_0003'],
  ] as const)('is narrowed by %s', async (query, fits) => {
    const page: Page = (await server.ask('GET', `/agents?${query}`)).json();
    expect(page.items.length).toBeGreaterThan(0);
    expect(page.items.every((agent) => fits(agent as never))).toBe(true);
  });

  test('answers 304 to a reader that has it already', async () => {
    const first = await server.ask('GET', '/agents');
    const etag = String(first.headers['etag']);
    const second = await server.app.inject({
      url: '/api/v1/agents',
      headers: { authorization: 'Bearer a-bootstrap-key-of-the-tests', 'if-none-match': etag },
    });
    expect([second.statusCode, second.body]).toEqual([304, '']);
  });

  test('shows a write made through this server at once', async () => {
    await server.ask('GET', '/agents');
    for (const state of ['paused', 'active', 'paused', 'active']) {
      await server.ask('PATCH', '/agents/load_0001', { body: { state } });
      const page: Page = (await server.ask('GET', '/agents?search=load_0001')).json();
      expect(page.items[0]?.state).toBe(state);
    }
  });

  test('shows a write made by plain SQL within half a second', async () => {
    await server.ask('GET', '/agents');
    const since = performance.now();
    await server.database.database.query(sql`update public.agents set state = 'paused' where agent_id = 'load_0002'`);
    await until(
      'the list shows it',
      async () => (await server.ask('GET', '/agents?search=load_0002')).json<Page>().items[0]?.state === 'paused',
    );
    // Half a second is the promise; the rest is what a busy test machine may add.
    expect(performance.now() - since).toBeLessThan(10_000);
  });
});

describe('one agent', () => {
  test('is created, shown, changed and deleted', async () => {
    const created = await server.ask('POST', '/agents', { body: { agent_id: 'made/here é', agent_type: 'load', config: { a: 1 } } });
    expect(created.statusCode).toBe(201);
    expect(AgentView.parse(created.json())).toMatchObject({
      agent_id: 'made/here é',
      agent_name: 'made/here é',
      state: 'active',
      config: { a: 1 },
    });
    const path = String(created.headers['location']);
    expect((await server.ask('GET', path)).json()).toMatchObject({ agent_id: 'made/here é' });
    const changed = await server.ask('PATCH', path, {
      body: { state: 'inactive', agent_name: 'Other', config: { a: 2 }, metadata: { team: 'x' } },
    });
    expect(changed.json()).toMatchObject({ state: 'inactive', agent_name: 'Other', config: { a: 2 }, metadata: { team: 'x' } });
    expect((await server.ask('DELETE', path)).statusCode).toBe(204);
    expect((await server.ask('GET', path)).statusCode).toBe(404);
    expect((await server.ask('DELETE', path)).statusCode).toBe(404);
  });

  test('is not created twice', async () => {
    const again = await server.ask('POST', '/agents', { body: { agent_id: 'load_0000', agent_type: 'load' } });
    expect([again.statusCode, again.json().code]).toEqual([409, 'CONFLICT']);
  });

  test('is not changed over a change that the writer has not seen', async () => {
    const etag = String((await server.ask('GET', '/agents/load_0005')).headers['etag']);
    const headers = { authorization: 'Bearer a-bootstrap-key-of-the-tests', 'if-match': etag };
    const first = await server.ask('PATCH', '/agents/load_0005', { body: { config: { rate: 1 } }, headers });
    const second = await server.ask('PATCH', '/agents/load_0005', { body: { config: { rate: 2 } }, headers });
    expect([first.statusCode, second.statusCode, second.json().code]).toEqual([200, 412, 'PRECONDITION_FAILED']);
    const third = await server.ask('PATCH', '/agents/load_0005', {
      body: { config: { rate: 3 } },
      headers: { ...headers, 'if-match': String(first.headers['etag']) },
    });
    expect(third.json().config).toEqual({ rate: 3 });
  });

  test('takes an edit although it has beaten since it was read', async () => {
    const etag = String((await server.ask('GET', '/agents/load_0006')).headers['etag']);
    await server.database.database.query(
      sql`update muster.agent_leases set last_heartbeat_at = now(), health_score = 90 where agent_id = 'load_0006'`,
    );
    const edit = await server.ask('PATCH', '/agents/load_0006', {
      body: { state: 'paused' },
      headers: { authorization: 'Bearer a-bootstrap-key-of-the-tests', 'if-match': etag },
    });
    expect(edit.statusCode).toBe(200);
  });
});

describe('a type whose code the server has not', () => {
  test('is shown as a host tells of it, with the next run of its agents', async () => {
    await using elsewhere = await testServer();
    const tidy = defineAgent({
      type: 'tidy',
      name: 'Tidy',
      description: 'Tidies up.',
      capabilities: { disk: 'Makes room' },
      config: z.strictObject({ keep: z.number().default(3) }),
      schedule: { cron: '0 4 * * *', timezone: 'Europe/Berlin' },
      commands: { sweep: () => Promise.resolve() },
      run: () => Promise.resolve(),
    });
    await elsewhere.state.agents.ensure([{ agentId: 'tidy_1', name: 'Tidy 1', type: 'tidy' }]);
    await using host = new FleetHost({ state: elsewhere.state, types: [tidy], version: 'test', log: silentLogger });
    await host.join();
    const { items } = (await elsewhere.ask('GET', '/agent-types')).json<{ items: readonly object[] }>();
    expect(items).toEqual([
      expect.objectContaining({
        agent_type: 'tidy',
        schedule: 'cron 0 4 * * * (Europe/Berlin)',
        commands: ['sweep'],
        capabilities: { disk: 'Makes room' },
      }),
    ]);
    const agent = AgentView.parse((await elsewhere.ask('GET', '/agents/tidy_1')).json());
    expect(agent).toMatchObject({ description: 'Tidies up.', schedule: 'cron 0 4 * * * (Europe/Berlin)' });
    expect(new Date(agent.next_run_at ?? 0).getUTCMinutes()).toBe(0);
    const unknown = await elsewhere.ask('POST', '/agents/tidy_1/commands', { body: { command: 'polish' } });
    expect([unknown.statusCode, unknown.json().remedy]).toEqual([422, expect.stringContaining('sweep')]);
    expect((await elsewhere.ask('POST', '/agents/tidy_1/commands', { body: { command: 'sweep' } })).statusCode).toBe(202);
  });

  test('is forgotten when no agent has it and the host that told of it is forgotten', async () => {
    await using elsewhere = await testServer();
    const host = newHostId();
    const card = { name: 'Gone', description: 'Is gone.', capabilities: {}, schedule: null, when: null, commands: [], configSchema: null };
    await elsewhere.state.agents.ensure([{ agentId: 'kept_1', name: 'Kept 1', type: 'kept' }]);
    await elsewhere.state.types.tell(host, [
      { ...card, agentType: 'gone' },
      { ...card, agentType: 'kept' },
    ]);
    await elsewhere.state.types.forget();
    expect((await elsewhere.state.types.list()).map(({ agentType }) => agentType)).toEqual(['kept']);
  });
});
