import { setTimeout as delay } from 'node:timers/promises';
import { agentId } from '../../base/ids.ts';
import type { EventRecord } from '../../state/events.ts';
import { toDocument } from '../documents.ts';
import type { Invocation } from '../invocation.ts';
import type { Output } from '../output.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { untilStopped } from '../signals.ts';
import { printable } from '../table.ts';

const POLL_MS = 500;
const BATCH = 500;

interface EventsOptions {
  readonly last: number;
  readonly type?: string;
  readonly agent?: string;
  readonly follow: boolean;
}

/** The past, oldest first, then what comes. */
export async function run(invocation: Invocation, options: EventsOptions): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ state }) => {
    const filter = {
      ...(options.type === undefined ? {} : { type: options.type }),
      ...(options.agent === undefined ? {} : { agentId: agentId(options.agent) }),
    };
    // The place in the stream is taken before history is read: an event may then be met twice, and is shown once; none is missed.
    let { cursor } = await state.events.since(undefined, 1);
    const past = options.last === 0 ? [] : await state.events.list(filter, { limit: Math.min(options.last, 1_000) });
    for (const event of past.toReversed()) print(output, event);
    if (!options.follow) return;
    const shown = new Set(past.map(({ id }) => id));
    await untilStopped(async (signal) => {
      while (!signal.aborted) {
        const next = await state.events.since(cursor, BATCH);
        cursor = next.cursor;
        for (const event of next.items) {
          if (
            shown.delete(event.id) ||
            (options.type !== undefined && event.type !== options.type) ||
            (options.agent !== undefined && event.agentId !== options.agent)
          )
            continue;
          print(output, event);
        }
        if (next.items.length < BATCH) await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
      }
    });
  });
}

export function print(output: Output, event: EventRecord): void {
  const { cursor: _, ...record } = { cursor: undefined, ...event };
  output.item(toDocument(record), () => eventLine(event, output));
}

export function eventLine(event: EventRecord, { colors }: Pick<Output, 'colors'>): string {
  const time = new Date(event.ts).toTimeString().slice(0, 8);
  const facts = Object.keys(event.data).length === 0 ? '' : JSON.stringify(event.data);
  return [
    colors.dim(time),
    colors.cyan(event.type.padEnd(22)),
    printable(event.agentId ?? '').padEnd(24),
    colors.dim(printable(facts).slice(0, 200)),
  ]
    .join(' ')
    .trimEnd();
}
