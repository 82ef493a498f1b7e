import { setTimeout as delay } from 'node:timers/promises';
import { sql } from '../db/sql.ts';
import { print } from './commands/events.ts';
import type { Output } from './output.ts';
import { drawRollCall, type RollCall } from './roll-call.ts';
import type { Running } from './runtime/runtime.ts';

/** A person reads no faster; a query a second is nothing the database notices. */
const REDRAW_MS = 1_000;
const READ = 200;
/** Events are read in batches of this many, and no more often than this: in a storm of them many hosts follow. */
const EVENTS_A_READ = 1_000;
const EVENTS_GAP_MS = 250;
/** Without hints events are looked for this often; with them nobody waits that long. */
const UNHINTED_MS = 2_000;
const HINTED_MS = 15_000;

/** The roll call under `muster up` on a terminal, redrawn in place until `signal`. */
export async function followInPlace({ state, database }: Running, output: Output, signal: AbortSignal): Promise<void> {
  let drawnRows = 0;
  const draw = (text: string): void => {
    const up = drawnRows === 0 ? '' : `\x1b[${drawnRows}F`;
    output.write(`${up}\x1b[0J${text}\n`);
    drawnRows = text.split('\n').length;
  };
  while (!signal.aborted) {
    try {
      const [agents, hosts, clock] = await Promise.all([
        state.agents.list({}, { limit: READ }),
        state.hosts.list({ live: true }),
        database.one<{ now: number }>(sql`select extract(epoch from clock_timestamp())::float8 * 1000 as now`),
      ]);
      const call: RollCall = { agents, hosts, more: agents.length === READ, now: clock?.now ?? Date.now() };
      if (!signal.aborted) draw(drawRollCall(call, { columns: output.columns, rows: Math.max(6, output.rows - 10) }, output.colors));
    } catch (error) {
      draw(output.colors.yellow(`The database does not answer: ${error instanceof Error ? error.message : String(error)}. Trying again.`));
    }
    await delay(REDRAW_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** What happens, a line each, where nobody watches a terminal. */
export async function followInLines({ state, wake }: Running, output: Output, signal: AbortSignal): Promise<void> {
  let { cursor } = await state.events.since(undefined, 1);
  const pause = new Alarm();
  const silence = wake.on('events', () => pause.ring());
  try {
    while (!signal.aborted) {
      try {
        const next = await state.events.since(cursor, EVENTS_A_READ);
        cursor = next.cursor;
        for (const event of next.items) print(output, event);
        if (next.items.length === EVENTS_A_READ) continue;
      } catch (error) {
        output.notice(`The database does not answer: ${error instanceof Error ? error.message : String(error)}`);
      }
      await delay(EVENTS_GAP_MS, undefined, { signal }).catch(() => undefined);
      await pause.wait(wake.status().mode === 'listening' ? HINTED_MS : UNHINTED_MS, signal);
    }
  } finally {
    silence();
  }
}

/** A pause that a hint cuts short. */
class Alarm {
  #ring: AbortController = new AbortController();

  ring(): void {
    this.#ring.abort();
  }

  async wait(ms: number, signal: AbortSignal): Promise<void> {
    await delay(ms, undefined, { signal: AbortSignal.any([signal, this.#ring.signal]) }).catch(() => undefined);
    this.#ring = new AbortController();
  }
}
