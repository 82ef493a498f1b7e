import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { inflate } from '../blobs/inflate.ts';
import type { Experiment } from './experiment.ts';
import { textOf } from './scorers/said.ts';

/** What was said about an example, shortened: of a chat its text, else JSON. */
export interface ExampleTexts {
  readonly inputs: string | null;
  readonly outputs: string | null;
  readonly error: string | null;
}

const LONGEST = 2_000;
/** A run whose texts are larger is shown without them. */
const MOST_TEXT = 2_000_000;

/** Of these examples' last runs in an experiment. */
export async function textsOfRuns(
  db: Database,
  { projectNo }: Pick<Experiment, 'projectNo'>,
  exampleIds: readonly string[],
): Promise<ReadonlyMap<string, ExampleTexts>> {
  if (exampleIds.length === 0) return new Map();
  const { rows } = await db.query<{ id: string; keepDays: number; day: string } & ExampleTexts>(sql`
    select distinct on (r.reference_example_id) r.reference_example_id as id, r.keep_days as "keepDays", to_char(r.day, 'YYYY-MM-DD') as day, r.inputs, r.outputs, r.error
    from muster.trace_runs r
    where r.project_no = ${projectNo} and r.parent_run_id is null and r.reference_example_id = any(${exampleIds}::uuid[])
      and coalesce(length(r.inputs), 0) + coalesce(length(r.outputs), 0) < ${MOST_TEXT}
    order by r.reference_example_id, r.start_time desc`);
  const texts = await inflate(
    db,
    rows.map(({ day, error, inputs, keepDays, outputs }) => ({ keepDays, day, texts: [inputs, outputs, error] })),
  );
  return new Map(
    rows.map(({ id }, index) => {
      const [inputs = null, outputs = null, error = null] = texts[index] ?? [];
      return [id, { inputs: shortened(inputs), outputs: shortened(textOf(outputs) ?? null), error: shortened(error) }];
    }),
  );
}

export const shortened = (text: string | null): string | null =>
  text === null || text.length <= LONGEST ? text : `${text.slice(0, LONGEST)} … ${text.length - LONGEST} characters more`;
