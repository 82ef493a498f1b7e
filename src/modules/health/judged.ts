import { z } from 'zod';
import type { SharedState } from '../../state/shared-state.ts';
import { HEALTH_KEY } from './health-key.ts';
import type { ScoreRecord } from './scores.ts';

/** When the fleet was judged last, and whether that still tells how it is. Times are milliseconds since 1970. */
export interface Judged {
  readonly at: number | null;
  readonly stale: boolean;
}

const stamp = z.object({
  evaluated_at: z.iso.datetime().transform((text) => Date.parse(text)),
  good_until: z.iso.datetime().transform((text) => Date.parse(text)),
});

/** From the report, by the database's clock `now`. */
export async function judgedLast(state: SharedState, now: number): Promise<Judged> {
  const report = stamp.safeParse((await state.systemState.get(HEALTH_KEY))?.value);
  return report.success ? { at: report.data.evaluated_at, stale: now > report.data.good_until } : { at: null, stale: true };
}

/** What nobody has judged for a while is not known, whatever it was: an old score is not passed off as one of now. */
export function faded(record: ScoreRecord, { at, stale }: Judged): ScoreRecord {
  if (!stale || record.until !== null) return record;
  const because = at === null ? 'nobody judges the fleet' : `nobody has judged it since ${new Date(at).toISOString()}`;
  return {
    ...record,
    score: null,
    band: 'unknown',
    level: null,
    coverage: 0,
    findings: [],
    caps: [],
    components: [],
    unknown: [`heartbeat_health_agent: ${because}; it said ${record.score === null ? record.band : Math.round(record.score)}`],
  };
}
