import { levelRank, type Finding } from './finding.ts';
import type { ScoreChange, ScoreRecord } from './scores.ts';

/** What lies between two moments of one subject: not only that the score moved, but by what. */
export interface ScoreDiff {
  readonly subject: string;
  readonly before: number | null;
  readonly now: number | null;
  /** null where one of the two is not known. */
  readonly difference: number | null;
  readonly found: readonly Finding[];
  readonly gone: readonly Finding[];
  /** The same trouble, graver or lighter than before. */
  readonly graver: readonly Finding[];
  readonly lighter: readonly Finding[];
  /** Checks that had data before and have none now, and the other way round. */
  readonly lostSight: readonly string[];
  readonly regainedSight: readonly string[];
  readonly bandBefore: ScoreRecord['band'] | null;
  readonly band: ScoreRecord['band'] | null;
}

export function diffOf({ before, now }: ScoreChange): ScoreDiff {
  const old = new Map(before?.findings.map((finding) => [finding.id, finding]));
  const current = new Map(now?.findings.map((finding) => [finding.id, finding]));
  const moved = (finding: Finding): number => {
    const was = old.get(finding.id);
    return was === undefined ? 0 : levelRank(finding.level) - levelRank(was.level);
  };
  const [blindBefore, blindNow] = [checksOf(before), checksOf(now)];
  return {
    subject: now?.subject ?? before?.subject ?? '',
    before: before?.score ?? null,
    now: now?.score ?? null,
    difference:
      typeof before?.score === 'number' && typeof now?.score === 'number' ? Math.round((now.score - before.score) * 10) / 10 : null,
    found: [...current.values()].filter(({ id }) => !old.has(id)),
    gone: [...old.values()].filter(({ id }) => !current.has(id)),
    graver: [...current.values()].filter((finding) => moved(finding) > 0),
    lighter: [...current.values()].filter((finding) => moved(finding) < 0),
    lostSight: [...blindNow].filter((check) => !blindBefore.has(check)),
    regainedSight: [...blindBefore].filter((check) => !blindNow.has(check)),
    bandBefore: before?.band ?? null,
    band: now?.band ?? null,
  };
}

const checksOf = (record: ScoreRecord | null): ReadonlySet<string> =>
  new Set(record?.unknown.map((text) => text.slice(0, Math.max(0, text.indexOf(':')) || text.length)));
