import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import type { RecoveryAction } from '../../src/modules/recovery/action.ts';
import { builtInModules } from '../../src/modules/built-in.ts';
import { declare } from '../../src/modules/recovery/catalogue.ts';
import { declaredActions, withRecovery } from '../../src/modules/recovery/index.ts';
import type { Role } from '../../src/state/access.ts';
import { bearer, testServer, type TestServer } from './support/test-server.ts';

const polish: RecoveryAction = {
  name: 'polish',
  title: 'Polish',
  description: 'For a test.',
  on: [{ rule: 'dull' }],
  undo: { describe: 'rub dirt in', steps: () => [{ kind: 'shell', command: 'dirt' }] },
  targets: (_, { labels }) =>
    Promise.resolve(labels['thing'] === undefined ? [] : [{ target: `thing=${labels['thing']}`, group: 'things' }]),
  steps: ({ target }) => [{ kind: 'shell', command: `polish ${target}` }],
  symptom: () => Promise.resolve({ present: true, text: 'dull' }),
};
const drop: RecoveryAction = { ...polish, name: 'drop_it', ceiling: 'approve', approver: 'administrator', undo: 'irreversible' };

let server: TestServer;
const as: Partial<Record<Role, Readonly<Record<string, string>>>> = {};
beforeAll(async () => {
  const own = { name: 'own', recoveryActions: [polish, drop] };
  const modules = withRecovery([...builtInModules, own], []);
  server = await testServer({ modules });
  await declare(server.database.database, declaredActions([own], []));
  for (const role of ['viewer', 'operator', 'administrator'] as const) as[role] = bearer(await server.key(role));
});
afterAll(() => server[Symbol.asyncDispose]());

interface Shown {
  readonly run_id: string;
  readonly state: string;
  readonly held_by: string | null;
}

const propose = async (action: string, thing: string): Promise<Shown> => {
  const answer = await server.ask('POST', '/recovery/runs', { body: { action, target: `thing=${thing}` } });
  expect(answer.statusCode).toBe(201);
  return answer.json<{ items: [Shown] }>().items[0];
};
const decide = (run: Shown, what: string, role: Role = 'administrator') =>
  server.ask('POST', `/recovery/runs/${run.run_id}/${what}`, {
    headers: as[role] ?? {},
    ...(what === 'reject' ? { body: { reason: 'no' } } : {}),
  });

test('the actions are listed with mode, ceiling and a success rate that is not made up', async () => {
  const { items } = (await server.ask('GET', '/recovery/actions')).json<{ items: Record<string, unknown>[] }>();
  expect(items.map(({ name }) => name)).toEqual(expect.arrayContaining(['restart_agent', 'end_idle_in_transaction', 'polish']));
  expect(items.find(({ name }) => name === 'clear_stuck_slot')).toMatchObject({
    ceiling: 'approve',
    approver: 'administrator',
    undo: 'irreversible',
  });
  for (const item of items)
    expect(item).toMatchObject({
      modes: { info: 'suggest', emergency: 'suggest' },
      success: { n: 0, effective: 0, ratio: null, text: 'not measured yet' },
    });
  await server.database.database.query(sql`
    insert into muster.recovery_runs (idempotency_key, action, target, target_group, level, state, outcome, because, proposed_by, expires_at, hold_ms, verify_ms)
    select n::text, 'polish', 'thing=old', 'things', 'info', case when n = 4 then 'undone' else 'effective' end, case when n < 3 then 'ineffective' else 'effective' end,
      '', '', now(), 0, 0 from generate_series(1, 8) n`);
  const polished = (await server.ask('GET', '/recovery/actions/polish')).json<{ success: object }>();
  expect(polished.success).toEqual({ n: 8, effective: 6, ratio: 0.75, text: '75% (n = 8)' });
});

test('a dry run prints exactly what would be done, and what holds it back; an empty list is refused', async () => {
  const shown = await server.ask('POST', '/recovery/actions/polish/dry-run', { body: { target: 'thing=a' } });
  expect(shown.json()).toEqual({
    action: 'polish',
    refused: null,
    undo: 'rub dirt in',
    targets: [
      {
        target: 'thing=a',
        group: 'things',
        plan: [{ kind: 'shell', text: 'polish thing=a' }],
        symptom: { present: true, text: 'dull' },
        held_by: 'its mode is suggest',
      },
    ],
  });
  const none = await server.ask('POST', '/recovery/actions/polish/dry-run', { body: { target: 'other=a' } });
  expect(none.json()).toMatchObject({ targets: [], refused: 'it found no target: nothing is done, never everything' });
  expect((await server.ask('POST', '/recovery/runs', { body: { action: 'polish', target: 'other=a' } })).statusCode).toBe(409);
  expect((await server.ask('POST', '/recovery/actions/polish/dry-run', { body: { target: 'nonsense' } })).statusCode).toBe(422);
  expect((await server.ask('POST', '/recovery/actions/nothing/dry-run', { body: { target: 'a=b' } })).statusCode).toBe(404);
});

test('what is only suggested cannot be approved, until an administrator lets it', async () => {
  const run = await propose('polish', 'b');
  const early = await decide(run, 'approve', 'operator');
  expect([early.statusCode, early.json()]).toEqual([409, expect.objectContaining({ remedy: 'muster recovery mode polish approve' })]);
  const mode = (role: Role) => server.ask('POST', '/recovery/actions/polish/mode', { body: { mode: 'approve' }, headers: as[role] ?? {} });
  expect((await mode('operator')).statusCode).toBe(403);
  expect((await mode('administrator')).json()).toMatchObject({ modes: { info: 'approve', critical: 'approve' } });
  expect((await decide(run, 'approve', 'viewer')).statusCode).toBe(403);
  const approved = await decide(run, 'approve', 'operator');
  expect(approved.json()).toMatchObject({
    state: 'approved',
    decided_by: expect.stringMatching(/^key:/) as string,
    steps: [{ state: 'proposed' }, { state: 'approved' }],
  });
  expect((await decide(run, 'approve', 'operator')).statusCode).toBe(409);
  expect((await decide(run, 'undo')).statusCode).toBe(409);
});

test('an action may ask for an administrator, and has a ceiling', async () => {
  const set = (mode: string) => server.ask('POST', '/recovery/actions/drop_it/mode', { body: { mode } });
  const above = await set('auto');
  expect([above.statusCode, above.json<{ detail: string }>().detail]).toEqual([409, expect.stringContaining('never more than approve')]);
  await set('approve');
  const run = await propose('drop_it', 'c');
  expect((await decide(run, 'approve', 'operator')).statusCode).toBe(403);
  expect((await decide(run, 'approve')).json()).toMatchObject({ state: 'approved' });
});

test('an approval that has expired is none', async () => {
  const run = await propose('polish', 'd');
  await server.database.database.query(
    sql`update muster.recovery_runs set expires_at = now() - interval '1 second' where run_id = ${run.run_id}::uuid`,
  );
  expect((await decide(run, 'approve')).json()).toMatchObject({ status: 409, detail: 'the proposal has expired' });
});

test('a run is rejected once, and undone only where it was carried out and its action says how', async () => {
  const run = await propose('polish', 'e');
  expect((await decide(run, 'reject', 'operator')).json()).toMatchObject({ state: 'rejected', reason: 'no' });
  expect((await decide(run, 'reject', 'operator')).statusCode).toBe(409);
  const done = await propose('polish', 'f');
  await server.database.database.query(sql`
    update muster.recovery_runs set state = 'effective', outcome = 'effective', acted_at = now() where run_id = ${done.run_id}::uuid`);
  const undo = await decide(done, 'undo', 'operator');
  expect([undo.statusCode, undo.json<{ undo: string }>().undo]).toEqual([202, 'requested']);
  expect((await decide(done, 'undo')).json()).toMatchObject({ status: 409, detail: 'its undo is requested' });
  const never = await propose('drop_it', 'g');
  expect((await decide(never, 'undo')).json()).toMatchObject({ status: 409, detail: 'drop_it is declared irreversible' });
});

test('the same Idempotency-Key is the same run, and a second run at an open target is refused', async () => {
  const ask = (key: string) =>
    server.ask('POST', '/recovery/runs', {
      body: { action: 'polish', target: 'thing=h' },
      headers: { ...as.operator, 'idempotency-key': key },
    });
  const [first, again, other] = [await ask('one'), await ask('one'), await ask('two')];
  expect(again.json<{ items: [Shown] }>().items[0].run_id).toBe(first.json<{ items: [Shown] }>().items[0].run_id);
  expect(other.statusCode).toBe(409);
});

test('runs are listed page by page, each once', async () => {
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page: { items: Shown[]; next_cursor: string | null } = (
      await server.ask('GET', `/recovery/runs?limit=3${cursor === null ? '' : `&cursor=${cursor}`}`)
    ).json();
    seen.push(...page.items.map(({ run_id: id }) => id));
    cursor = page.next_cursor;
  } while (cursor !== null);
  const all = (await server.ask('GET', '/recovery/runs?limit=1000')).json<{ items: Shown[] }>().items;
  expect(seen).toEqual(all.map(({ run_id: id }) => id));
  expect(new Set(seen).size).toBe(seen.length);
  expect((await server.ask('GET', '/recovery/runs?state=rejected')).json<{ items: Shown[] }>().items).toHaveLength(1);
  expect((await server.ask('GET', `/recovery/runs?cursor=${Buffer.from('recovery-runs\nx').toString('base64url')}`)).statusCode).toBe(400);
});

test('all healing can be halted and its limits changed', async () => {
  const change = (body: object, role: Role = 'administrator') =>
    server.ask('PATCH', '/recovery/settings', { body, headers: as[role] ?? {} });
  expect((await change({ halted: true }, 'operator')).statusCode).toBe(403);
  expect((await change({ halted: true, runs_an_hour: 5 })).json()).toMatchObject({
    halted_by: expect.stringMatching(/^key:/) as string,
    runs_an_hour: 5,
  });
  const shown = await server.ask('POST', '/recovery/actions/polish/dry-run', { body: { target: 'thing=z' } });
  expect(shown.json<{ targets: [Shown] }>().targets[0].held_by).toContain('halted');
  expect((await change({ halted: false })).json()).toMatchObject({ halted_at: null, halted_by: null, runs_an_hour: 5 });
});
