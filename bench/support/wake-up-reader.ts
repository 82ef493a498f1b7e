import { pathToFileURL } from 'node:url';
import { PostgresAdapter } from '../../src/db/adapter.ts';
import { sql } from '../../src/db/sql.ts';
import { WakeUps } from '../../src/db/wake-ups.ts';

/** As those do who wait for commands and events. */
export const POLL_MS = 1_000;

/** One row, read by the process that waited for it. */
export interface Seen {
  readonly id: number;
  /** `machineMs()` of that process. */
  readonly at: number;
  readonly how: 'wake' | 'poll';
}

/** The monotonic clock of the machine, the same for every process on it. */
export const machineMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Reads what is new in public.posted whenever it is woken, and every POLL_MS; tells each row in a line of JSON. */
async function read(url: string): Promise<void> {
  const database = new PostgresAdapter({ url, poolMax: 2 });
  const wake = new WakeUps(database);
  let last = 0;
  let reading: Promise<void> | undefined;
  let again = false;
  const look = async (how: Seen['how']): Promise<void> => {
    const { rows } = await database.query<{ id: number }>(sql`select id from public.posted where id > ${last} order by id`);
    const at = machineMs();
    for (const { id } of rows) {
      last = id;
      process.stdout.write(`${JSON.stringify({ id, at, how } satisfies Seen)}\n`);
    }
  };
  const nudge = (how: Seen['how']): void => {
    again = reading !== undefined;
    reading ??= look(how).finally(() => {
      reading = undefined;
      if (again) nudge(how);
    });
  };
  wake.on('events', () => nudge('wake'));
  await wake.start();
  setInterval(() => nudge('poll'), POLL_MS);
  while (wake.status().mode !== 'listening') await new Promise((resolve) => setTimeout(resolve, 10));
  process.stdout.write('ready\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await read(process.argv[2] ?? '');
