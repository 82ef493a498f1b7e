import { formatDuration } from '../base/duration.ts';
import type { RunOutcomeName, RunRow } from '../state/runs.ts';
import type { Term } from '../state/terms.ts';
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

/** Who held the agent, newest first, and why it came there and went. */
export function termTable(terms: readonly Term[], now: number, { columns, colors }: Pick<Output, 'columns' | 'colors'>): string {
  return drawTable(
    [
      { title: 'EPOCH', align: 'right' },
      { title: 'HOST', shrinkTo: 8 },
      { title: 'SINCE', align: 'right' },
      { title: 'FOR', align: 'right' },
      { title: 'ENDED' },
      { title: 'WHY IT CAME', shrinkTo: 24 },
      { title: 'WHY IT WENT', shrinkTo: 12 },
    ],
    terms.map((term) => [
      String(term.epoch),
      printable(term.hostname ?? term.hostId.slice(0, 8)),
      ago(term.acquiredAt, now),
      formatDuration(coarse(Math.max(0, (term.endedAt ?? now) - term.acquiredAt))),
      term.status === 'held' ? colors.green('● held') : term.status === 'lost' ? colors.red('? lost') : colors.dim('○ released'),
      printable(term.movedBecause),
      colors.dim(printable(term.reason ?? '')),
    ]),
    columns,
    colors.dim,
  );
}

export const runDocument = (run: RunRow): Record<string, unknown> => toDocument(run);
export const termDocument = ({ agentId: _, ...term }: Term): Record<string, unknown> => toDocument(term, { endedAt: 'released_at' });
