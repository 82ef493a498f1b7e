import { setTimeout as delay } from 'node:timers/promises';
import { agentId } from '../../base/ids.ts';
import { nearest } from '../../config/nearest.ts';
import { LOG_LEVELS, type LogFilter, type LogLine } from '../../state/agent-logs.ts';
import { toDocument } from '../documents.ts';
import { usage, type Invocation } from '../invocation.ts';
import type { Output } from '../output.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { untilStopped } from '../signals.ts';
import { printable } from '../table.ts';

const POLL_MS = 1_000;
const MOST = 1_000;
/** A search over all agents reads every line: it must end. */
const SEARCH_BACK_MS = 86_400_000;
/** Hosts write every two seconds, and their clocks differ: this far back a line may still appear. */
const LATE_MS = 30_000;

interface LogsOptions {
  readonly last: number;
  readonly agent?: string;
  readonly run?: string;
  readonly level?: string;
  readonly search?: string;
  readonly follow: boolean;
}

/** What agents said, oldest first, and, with --follow, what they say. */
export async function run(invocation: Invocation, options: LogsOptions): Promise<void> {
  const asked = filterOf(options);
  const { output } = invocation;
  await withFleet(invocation, async ({ state, now }) => {
    const { logs } = state.ledger;
    const began = await now();
    const filter =
      asked.search !== undefined && asked.agentId === undefined && asked.runId === undefined
        ? { ...asked, from: began - SEARCH_BACK_MS }
        : asked;
    const past = options.last === 0 ? [] : (await logs.list(filter, { limit: Math.min(options.last, MOST) })).items;
    for (const line of past.toReversed()) print(output, line);
    if (!options.follow) {
      if (past.length === 0) output.line('No lines.');
      return;
    }
    // Of the time in which lines may still come late; older ones cannot be met again.
    const shown = new Map(past.map((line) => [line.id, line.at]));
    let newest = past[0]?.at ?? began;
    await untilStopped(async (signal) => {
      while (!signal.aborted) {
        // Lines from before this command began are not news, however late they come.
        const from = Math.max(options.last === 0 ? began : (filter.from ?? 0), newest - LATE_MS);
        const { items } = await logs.list({ ...filter, from }, { limit: MOST });
        for (const line of items.toReversed()) {
          if (shown.has(line.id)) continue;
          shown.set(line.id, line.at);
          newest = Math.max(newest, line.at);
          print(output, line);
        }
        for (const [id, at] of shown) if (at < newest - LATE_MS) shown.delete(id);
        await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
      }
    });
  });
}

function filterOf(options: LogsOptions): LogFilter {
  const level = LOG_LEVELS.find((each) => each === options.level);
  if (options.level !== undefined && level === undefined) {
    const meant = nearest(options.level, LOG_LEVELS);
    throw usage(
      `--level "${options.level}" is none of ${LOG_LEVELS.join(', ')}`,
      meant === undefined ? `Use one of ${LOG_LEVELS.join(', ')}.` : `Did you mean ${meant}?`,
    );
  }
  if (options.run !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(options.run))
    throw usage(`--run "${printable(options.run)}" is not the id of a run`, 'See `muster agents runs <agent_id>`.');
  return {
    ...(options.agent === undefined ? {} : { agentId: agentId(options.agent) }),
    ...(options.run === undefined ? {} : { runId: options.run }),
    ...(level === undefined ? {} : { level }),
    ...(options.search === undefined || options.search === '' ? {} : { search: options.search }),
  };
}

function print(output: Output, line: LogLine): void {
  output.item(toDocument(line, { at: 'ts' }), () => logLine(line, output));
}

export function logLine(line: LogLine, { colors }: Pick<Output, 'colors'>): string {
  const at = new Date(line.at);
  const time = `${at.toTimeString().slice(0, 8)}.${String(at.getMilliseconds()).padStart(3, '0')}`;
  const day = at.toDateString() === new Date().toDateString() ? '' : `${at.toISOString().slice(0, 10)} `;
  const paint = { debug: colors.dim, info: colors.cyan, warn: colors.yellow, error: colors.red }[line.level];
  return [
    colors.dim(`${day}${time}`),
    paint(line.level.padEnd(5)),
    printable(line.agentId).padEnd(24),
    printable(line.message),
    line.fields === null ? '' : colors.dim(printable(JSON.stringify(line.fields)).slice(0, 500)),
  ]
    .join(' ')
    .trimEnd();
}
