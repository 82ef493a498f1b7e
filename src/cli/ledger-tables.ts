import { formatDuration } from '../base/duration.ts';
import type { RunOutcomeName, RunRow } from '../state/runs.ts';
import { hostName, type Term } from '../state/terms.ts';
import { toDocument } from './documents.ts';
import type { Colors, Output } from './output.ts';
import { drawTable, printable } from './table.ts';
import { ago, coarse, withUnit } from './wording.ts';

/** Runs, newest first. `now` on the database's clock. */
export function runTable(runs: readonly RunRow[], now: number, { columns, colors }: Pick<Output, 'columns' | 'colors'>): string {
  return drawTable(
    [
      { title: 'STARTED', align: 'right' },
      { title: 'OUTCOME' },
      { title: 'TOOK', align: 'right' },
      { title: 'TRIGGER' },
      { title: 'HOST', shrinkTo: 8 },
      { title: 'LINES', align: 'right' },
      { title: 'RUN' },
      { title: 'ERROR', shrinkTo: 10 },
    ],
    runs.map((run) => [
      ago(run.startedAt, now),
      outcomeMark(run.outcome, colors),
      took(run, now),
      run.trigger,
      printable(run.hostname ?? run.hostId.slice(0, 8)),
      run.linesDropped > 0 ? colors.yellow(`${run.linesKept} of ${run.linesKept + run.linesDropped}`) : String(run.linesKept),
      run.runId,
      printable(run.error ?? ''),
    ]),
    columns,
    colors.dim,
  );
}

function took(run: RunRow, now: number): string {
  if (run.durationMs !== null) return withUnit(run.durationMs / 1_000, 'seconds');
  return run.outcome === 'running' ? `${formatDuration(coarse(Math.max(0, now - run.startedAt)))} …` : '-';
}

export function outcomeMark(outcome: RunOutcomeName, colors: Colors): string {
  switch (outcome) {
    case 'succeeded':
      return colors.green('● succeeded');
    case 'failed':
      return colors.red('✗ failed');
    case 'timed_out':
      return colors.red('✗ timed out');
    case 'running':
      return colors.cyan('◌ running');
    case 'interrupted':
      return colors.dim('○ interrupted');
    case 'lost':
      return colors.yellow('? lost');
  }
}

/** Who held the agent, newest first, and why it came there: a sentence each, which no table has room for. */
export function termList(terms: readonly Term[], now: number, { colors }: Pick<Output, 'colors'>): string {
  return terms
    .map((term, index) => {
      const length = formatDuration(coarse(Math.max(0, (term.endedAt ?? now) - term.acquiredAt)));
      const mark = term.status === 'held' ? colors.green('●') : term.status === 'lost' ? colors.red('?') : colors.dim('○');
      const stay = term.status === 'held' ? `for ${length}` : term.status === 'lost' ? `${length}, then lost` : length;
      const host = colors.bold(printable(hostName(term.hostname, term.hostId)));
      const lines = [`${mark} ${host}  ${ago(term.acquiredAt, now)}, ${stay} ${colors.dim(`(epoch ${term.epoch})`)}`];
      lines.push(`    came   ${printable(term.movedBecause)}`);
      // Why an older one ended is why the one above it came.
      if (index === 0 && term.reason !== null) lines.push(`    ended  ${printable(term.reason)}`);
      return lines.join('\n');
    })
    .join('\n');
}

export const runDocument = (run: RunRow): Record<string, unknown> => toDocument(run);
export const termDocument = ({ agentId: _, ...term }: Term): Record<string, unknown> => toDocument(term, { endedAt: 'released_at' });
