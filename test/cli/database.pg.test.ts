import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { raw, sql } from '../../src/db/sql.ts';
import { testDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { startAncientServer } from './support/ancient-server.ts';
import { DEFAULT_AGENTS_AT_WORK } from './support/default-agents.ts';
import { Program, write } from './support/program.ts';

const muster = Program.forThisFile();

/** The commands that meet a database first, and what each must say of it. */
const COMMANDS = [
  ['up', '--port', '0', '--no-open', '--json'],
  ['launch', '--json'],
  ['setup', '--json'],
  ['status', '--json'],
] as const;

async function expectFailure(
  args: readonly string[],
  url: string,
  code: string,
  exitCode: number,
): Promise<{ readonly message: string; readonly remedy: string }> {
  const cwd = muster.folder();
  const { code: ended, stdout, stderr } = await muster.run(args, { cwd, env: { DATABASE_URL: url } });
  const lines = stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '');
  const { error } = JSON.parse(lines.at(-1) ?? '{}') as { error: { code: string; message: string; remedy: string; exit_code: number } };
  expect({ code: error.code, ended }).toEqual({ code, ended: exitCode });
  expect(error.exit_code).toBe(exitCode);
  expect(error.remedy).not.toBe('');
  expect(stderr).toContain(error.message.replace(/\.$/, ''));
  expect(stderr).not.toContain('    at ');
  return error;
}

const changed = (url: string, change: (url: URL) => void): string => {
  const copy = new URL(url);
  change(copy);
  return copy.toString();
};

describe('a DATABASE_URL that does not work', () => {
  it('each way has its own message, remedy and exit code, with every command', async () => {
    await using database = await testDatabase();
    const { url } = database;
    const cases: readonly (readonly [string, string, number])[] = [
      ['postgresql://u:p@127.0.0.1:1/d', 'DATABASE_UNREACHABLE', 69],
      ['postgresql://u:p@no-such-host.invalid/d', 'DATABASE_UNREACHABLE', 69],
      [changed(url, (each) => (each.password = 'hunter2')), 'DATABASE_AUTH', 86],
      [changed(url, (each) => (each.pathname = '/no_such_database')), 'DATABASE_MISSING', 69],
      [changed(url, (each) => each.searchParams.set('sslmode', 'verify-full')), 'DATABASE_TLS', 87],
      ['mysql://u:p@127.0.0.1/d', 'CONFIG_INVALID', 78],
    ];
    for (const [bad, code, exitCode] of cases) for (const args of COMMANDS) await expectFailure(args, bad, code, exitCode);
    const { message, remedy } = await expectFailure(
      ['status', '--json'],
      changed(url, (each) => (each.password = 'hunter2')),
      'DATABASE_AUTH',
      86,
    );
    expect(`${message} ${remedy}`).not.toContain('hunter2');
  }, 180_000);

  it('a server that is too old', async () => {
    const server = await startAncientServer();
    try {
      for (const args of COMMANDS) expect((await expectFailure(args, server.url, 'SERVER_TOO_OLD', 84)).message).toContain('12.22');
    } finally {
      await server.stop();
    }
  });

  it('a user without rights', async () => {
    await using database = await testDatabase({ empty: true });
    const role = `muster_weak_${randomBytes(4).toString('hex')}`;
    await database.database.query(sql`create role ${raw(role)} login password 'weak'`);
    try {
      const url = changed(database.url, (each) => {
        each.username = role;
        each.password = 'weak';
      });
      for (const args of [COMMANDS[0], COMMANDS[1], COMMANDS[2]])
        expect((await expectFailure(args, url, 'DATABASE_RIGHTS', 77)).remedy).toContain(role);
    } finally {
      await database.database.query(sql`drop role ${raw(role)}`);
    }
  });
});

describe('a schema that does not fit', () => {
  it('missing: a command says so, and setup makes it', async () => {
    await using database = await testDatabase({ empty: true });
    expect((await expectFailure(['agents', 'list', '--json'], database.url, 'SCHEMA_MISSING', 85)).remedy).toContain('muster setup');
    const env = { DATABASE_URL: database.url };
    await muster.json(['setup'], { env });
    expect((await muster.json<{ items: unknown[] }>(['agents', 'list'], { env })).items).toHaveLength(8); // the slots
  });

  it('newer than the program', async () => {
    await using database = await testDatabase();
    await database.database.query(sql`
      insert into muster.migrations (set_name, version, name, checksum, compatible_back_to, applied_at)
      values ('core', 999, '000999_future', 'x', 999, now())`);
    for (const args of [COMMANDS[0], COMMANDS[1], COMMANDS[2]])
      expect((await expectFailure(args, database.url, 'SCHEMA_NEWER', 83)).message).toContain('999');
  });

  it('a migration that was cut off half-way is done again, from where it stood', async () => {
    await using database = await testDatabase({ empty: true });
    const env = { DATABASE_URL: database.url };
    // Holds the migration in the middle of its first file.
    await database.database.query(sql`create function public.hold() returns event_trigger language plpgsql as
      $$ begin if current_query() like '%muster.commands%' and to_regclass('muster.commands') is not null then perform pg_sleep(60); end if; end $$`);
    await database.database.query(
      sql`create event trigger hold on ddl_command_end when tag in ('CREATE TABLE') execute function public.hold()`,
    );
    const cut = muster.start(['setup', '--json'], { env });
    const sleeping = async (): Promise<boolean> =>
      (
        await database.database.one<{ n: number }>(
          sql`select count(*)::int as n from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()`,
        )
      )?.n === 1;
    await until('the migration is under way', sleeping, 20_000);
    await cut.stop('SIGKILL');
    await database.database.query(
      sql`select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()`,
    );
    await database.database.query(sql`drop event trigger hold`);
    await database.database.query(sql`drop function public.hold()`);
    expect((await database.database.one<{ there: boolean }>(sql`select to_regclass('muster.commands') is not null as there`))?.there).toBe(
      false,
    );

    const { applied } = await muster.json<{ applied: string[] }>(['setup'], { env });
    expect(applied[0]).toBe('core/000001_core');
    expect((await muster.json<{ items: unknown[] }>(['agents', 'list'], { env })).items).toHaveLength(8);
  }, 180_000);
});

describe('one database, several processes', () => {
  it('two hosts and a dashboard form one fleet; a host that ends hands its agents over', async () => {
    await using database = await testDatabase();
    const env = { DATABASE_URL: database.url };
    const first = muster.start(['launch', '--json', '--label', 'zone=a', '--capacity', '50'], { env });
    const { host_id: firstId } = await first.ready();
    const second = muster.start(['launch', '--json'], { env });
    const { host_id: secondId } = await second.ready();
    const dashboard = muster.start(['dashboard', '--port', '0', '--no-open', '--json'], { env });
    const { url } = await dashboard.ready();
    expect((await fetch(`${url}/readyz`)).status).toBe(200);

    type Host = { host_id: string; status: string; capacity: number; labels: Record<string, string> };
    const { hosts } = await muster.json<{ hosts: Host[] }>(['status'], { env });
    expect(hosts.find(({ host_id: id }) => id === firstId)).toMatchObject({ status: 'live', capacity: 50, labels: { zone: 'a' } });

    expect((await first.stop()).code).toBe(0);
    type Agent = { host_id: string | null; state: string; status: string };
    await until(
      'the second host runs everything',
      async () => {
        const { items } = await muster.json<{ items: Agent[] }>(['agents', 'list', '--state', 'active'], { env });
        return (
          items.length === DEFAULT_AGENTS_AT_WORK &&
          items.every(({ host_id: id, status }) => id === secondId && /running|degraded/.test(status))
        );
      },
      20_000,
    );
    expect((await second.stop()).code).toBe(0);
    expect((await dashboard.stop()).code).toBe(0);
  }, 180_000);

  it('an agent of the user’s own runs beside the default ones', async () => {
    await using database = await testDatabase();
    const cwd = muster.folder();
    write(
      cwd,
      'agents/tide.js',
      `export default { type: 'tide', name: 'Tide', description: 'Measures the tide.', schedule: { every: '1s' }, async run(ctx) { ctx.metric('tide_metres', 2.5, { unit: 'metres' }); } };`,
    );
    const env = { DATABASE_URL: database.url };
    const host = muster.start(['launch', '--agents', 'agents', '--json'], { cwd, env });
    await host.ready();
    type Answer = { items: { agent_id: string; points: [number, number | null][] }[] };
    await until(
      'its metric can be asked for',
      async () => {
        const { items } = await muster.json<Answer>(['metrics', 'query', 'tide_metres', '--last', '5m'], { env });
        return items.some(({ agent_id: id, points }) => id === 'tide' && points.some(([, value]) => value === 2.5));
      },
      20_000,
    );
    const drawn = await muster.run(['metrics', 'query', 'tide_metres', '--last', '5m'], { env });
    expect(drawn.stdout).toContain('2.5 metres');
    expect(drawn.stdout).toMatch(/[\u2801-\u28ff]/);
    expect((await host.stop()).code).toBe(0);
  }, 180_000);
});
