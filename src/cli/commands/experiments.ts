import { EXIT } from '../../base/errors.ts';
import { Datasets } from '../../modules/traces/datasets/index.ts';
import {
  compare,
  experimentsOn,
  isNoRegression,
  keepReport,
  listExperiments,
  questionsOf,
  reportOf,
  reportView,
  trialsOf,
} from '../../modules/traces/eval/index.ts';
import { drawComparison } from '../experiment-tables.ts';
import type { Invocation } from '../invocation.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { drawTable, printable } from '../table.ts';

export async function list(invocation: Invocation, { last }: { readonly last: number }, dataset: string): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ database }) => {
    const { datasetId } = await new Datasets(database).get(dataset, null);
    const items = await listExperiments(database, datasetId, { limit: Math.min(1_000, Math.max(1, last)), visible: null });
    const view = items.map(({ createdAt, endedAt, projectId, ...item }) => ({
      project_id: projectId,
      ...item,
      created_at: createdAt.toISOString(),
      ended_at: endedAt?.toISOString() ?? null,
    }));
    output.result({ items: view }, () =>
      drawTable(
        [
          { title: 'EXPERIMENT', shrinkTo: 20 },
          { title: 'BEGAN' },
          { title: 'EXAMPLES', align: 'right' },
          { title: 'FAILED', align: 'right' },
          { title: 'SCORES', shrinkTo: 20 },
        ],
        items.map(({ createdAt, errors, examples, name, scores }) => [
          printable(name),
          createdAt.toISOString().slice(0, 16).replace('T', ' '),
          String(examples),
          String(errors),
          printable(scores.map(({ key, mean }) => `${key} ${mean.toFixed(3)}`).join('  ')),
        ]),
        output.columns,
        output.colors.dim,
      ),
    );
  });
}

/** Example by example, with itself; ends with 1 where a score is worse beyond doubt and that was asked for. */
export async function compareTwo(
  invocation: Invocation,
  { failOnRegression, report: file }: { readonly report?: string; readonly failOnRegression?: boolean },
  baselineName: string,
  candidateName: string,
): Promise<number> {
  const { output } = invocation;
  return withFleet(invocation, async ({ database }) => {
    const { baseline, candidate, datasetId } = await experimentsOn(database, baselineName, candidateName);
    const dataset = await new Datasets(database).get(datasetId, null);
    const [before, now] = [await trialsOf(database, baseline), await trialsOf(database, candidate)];
    const comparison = compare(before, now);
    const named = { dataset: dataset.name, experiment: candidate.name, target: null, baseline: baseline.name };
    const report = reportOf(named, [...now.values()], { comparison });
    if (file !== undefined) await keepReport(database, file, report, { datasetId, experiment: candidate, baseline, trials: now });
    const questions = await questionsOf(database, datasetId, report);
    output.result(
      reportView(report),
      () => `\n${output.colors.bold(printable(candidate.name))}\n${drawComparison(baseline.name, comparison, questions, output)}`,
    );
    return failOnRegression === true && !isNoRegression(comparison) ? EXIT.failure : EXIT.ok;
  });
}
