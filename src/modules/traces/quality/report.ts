import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { gauge, type Catalogue } from '../../metric.ts';
import { readScores } from './scores.ts';

const LABELS = ['project', 'key', 'source'];
const SOURCE = 'muster.trace_score_hours, muster.trace_feedback';

/** What rules of alerting may look at: of the last hour, by project, key and source. */
export const SCORE_METRICS = {
  llm_score: gauge.run('', SOURCE, 'Mean score of the last hour, 0 to 1: 1 is good', LABELS),
  llm_score_failure_ratio: gauge.run('ratio', SOURCE, 'Share of the scores of the last hour that say a failure', LABELS),
  llm_scores: gauge.run('', SOURCE, 'Scores given in the last hour; of fewer than five none of the three is told', LABELS),
} as const satisfies Catalogue;

export interface ScoreSample {
  readonly name: keyof typeof SCORE_METRICS;
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** The worst are told: a fleet with many projects must not fill the series. */
const MOST_SERIES = 100;
/** Of fewer scores no share is worth an alert. */
const FEWEST_SCORES = 5;

/** Of projects that serve somebody: an experiment that fails is an answer to whoever made it, and nothing to be woken for. */
export async function scoreSamples(db: Database, now: number): Promise<readonly ScoreSample[]> {
  const { rows } = await db.query<{ no: number; name: string }>(sql`select project_no as no, name from muster.trace_projects
    where reference_dataset_id is null`);
  const names = new Map(rows.map(({ no, name }) => [no, name]));
  const figures = await readScores(db, { projectNos: [...names.keys()], from: now - 3_600_000, to: now });
  return figures
    .filter(({ n }) => n >= FEWEST_SCORES)
    .slice(0, MOST_SERIES)
    .flatMap(({ projectNo, key, source, n, mean, failures }) => {
      const labels = { project: names.get(projectNo) ?? '', key, source };
      return [
        { name: 'llm_score' as const, value: mean, labels },
        { name: 'llm_score_failure_ratio' as const, value: failures / n, labels },
        { name: 'llm_scores' as const, value: n, labels },
      ];
    });
}
