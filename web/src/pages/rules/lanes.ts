import type { AlertLevel } from '../../api/types.ts';
import { formatDuration } from '../../ui/format.ts';
import type { Firing, Replay } from './types.ts';

/** When one target would have fired; places run from 0 to 1 along the time that was looked at. */
export interface Lane {
  readonly target: string;
  readonly bars: readonly { readonly from: number; readonly to: number; readonly level: AlertLevel; readonly title: string }[];
  readonly firingMs: number;
}

/** A target a lane, the longest firing first. */
export function lanesOf({ firings, from, to }: Pick<Replay, 'firings' | 'from' | 'to'>): readonly Lane[] {
  const [start, end] = [Date.parse(from), Date.parse(to)];
  const place = (at: number): number => Math.min(1, Math.max(0, (at - start) / Math.max(1, end - start)));
  const byTarget = new Map<string, Firing[]>();
  for (const firing of firings) byTarget.set(firing.target, [...(byTarget.get(firing.target) ?? []), firing]);
  return [...byTarget]
    .map(([target, own]): Lane => ({
      target,
      firingMs: own.reduce((sum, each) => sum + lengthOf(each, end), 0),
      bars: own.map((each) => {
        const until = each.ended_at === null ? end : Date.parse(each.ended_at);
        return {
          from: place(Date.parse(each.fired_at)),
          to: place(until),
          level: each.level,
          title: `${each.level} for ${formatDuration(lengthOf(each, end))}: ${each.explanation}`,
        };
      }),
    }))
    .toSorted((a, b) => b.firingMs - a.firingMs || (a.target < b.target ? -1 : 1));
}

export const lengthOf = ({ ended_at: endedAt, fired_at: firedAt }: Firing, end: number): number =>
  (endedAt === null ? end : Date.parse(endedAt)) - Date.parse(firedAt);

/** The answer in a sentence. */
export function verdictOf(replay: Replay): string {
  const { firings, note, series } = replay;
  const spanMs = Date.parse(replay.to) - Date.parse(replay.from);
  const looked = `${series} series over ${formatDuration(spanMs)}`;
  if (firings.length === 0) return note === null ? `It would not have fired: ${looked}.` : `It would not have fired: ${note}.`;
  const targets = new Set(firings.map(({ target }) => target)).size;
  const times = firings.length === 1 ? 'once' : `${firings.length} times`;
  const allMs = firings.reduce((sum, each) => sum + lengthOf(each, Date.parse(replay.to)), 0);
  return `It would have fired ${times}${targets > 1 ? ` at ${targets} targets` : ''}, for ${formatDuration(allMs)} in all: ${looked}.`;
}
