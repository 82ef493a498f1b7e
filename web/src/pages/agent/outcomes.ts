import type { Run, RunOutcome } from '../../api/types.ts';
import { formatSeconds } from '../../ui/format.ts';
import type { IconName } from '../../ui/icons.tsx';

/** How a run that ended so looks: in the strip, and beside its word. */
export const outcomeLooks: Readonly<
  Record<RunOutcome, { readonly fill: string; readonly text: string; readonly icon: IconName; readonly label: string }>
> = {
  succeeded: { fill: 'fill-ok/70', text: 'text-ok', icon: 'check', label: 'Succeeded' },
  running: { fill: 'fill-accent', text: 'text-accent', icon: 'restart', label: 'Running' },
  failed: { fill: 'fill-bad', text: 'text-bad', icon: 'critical', label: 'Failed' },
  timed_out: { fill: 'fill-bad', text: 'text-bad', icon: 'clock', label: 'Timed out' },
  lost: { fill: 'fill-warn', text: 'text-warn', icon: 'unknown', label: 'Lost' },
  interrupted: { fill: 'fill-idle', text: 'text-ink-3', icon: 'stop', label: 'Interrupted' },
};

/** How long it took, or takes: undefined where nobody knows. Milliseconds. */
export function lengthOf(run: Run, now: number): number | undefined {
  if (run.duration_ms !== null) return run.duration_ms;
  return run.outcome === 'running' ? Math.max(0, now - Date.parse(run.started_at)) : undefined;
}

export interface RunBar {
  readonly run: Run;
  /** 0 to 1: by the square root of how long it took, so that one slow run does not flatten the others. */
  readonly height: number;
}

/** Oldest first, as time runs in every chart here. */
export function barsOf(runs: readonly Run[], now: number): readonly RunBar[] {
  const lengths = runs.map((run) => lengthOf(run, now) ?? 0);
  const longest = Math.max(1, ...lengths);
  return runs.map((run, index) => ({ run, height: Math.sqrt((lengths[index] ?? 0) / longest) })).toReversed();
}

/** The strip in a sentence. */
export function describeRuns(runs: readonly Run[]): string {
  if (runs.length === 0) return 'No runs yet.';
  const ended = runs.flatMap((run) => run.duration_ms ?? []).toSorted((a, b) => a - b);
  const bad = runs.filter((run) => run.outcome === 'failed' || run.outcome === 'timed_out').length;
  const lost = runs.filter((run) => run.outcome === 'lost').length;
  const middle = ended[Math.floor(ended.length / 2)];
  const slowest = ended.at(-1);
  return [
    bad === 0 ? 'none failed' : `${bad} failed`,
    lost > 0 && `${lost} lost with their host`,
    middle !== undefined &&
      slowest !== undefined &&
      `half took up to ${formatSeconds(middle / 1_000)}, the slowest ${formatSeconds(slowest / 1_000)}`,
  ]
    .filter((part) => part !== false)
    .join('; ');
}
