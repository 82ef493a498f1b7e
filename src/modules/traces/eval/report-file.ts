import { writeFile } from 'node:fs/promises';
import { messageOf, MusterError } from '../../../base/errors.ts';
import type { Database } from '../../../db/database.ts';
import { Examples } from '../datasets/index.ts';
import type { Trials } from './comparison.ts';
import type { Experiment } from './experiment.ts';
import { questionIn, questionsOf } from './questions.ts';
import { htmlOf, MOST_SHOWN, type ShownExample } from './report-html.ts';
import { markdownOf } from './report-markdown.ts';
import { shortened, textsOfRuns } from './report-texts.ts';
import type { Report } from './report.ts';
import { textOf } from './scorers/said.ts';
import { reportView } from './views.ts';

export interface Reported {
  readonly datasetId: string;
  readonly experiment: Experiment;
  readonly baseline: Experiment | undefined;
  readonly trials: Trials;
}

/** Writes the report as the file's name says: .html, .json, or Markdown. Throws INVALID_INPUT where it cannot be written. */
export async function keepReport(db: Database, file: string, report: Report, reported: Reported): Promise<void> {
  const text = file.endsWith('.json')
    ? `${JSON.stringify(reportView(report), null, 2)}\n`
    : /\.html?$/.test(file)
      ? htmlOf(report, await shownOf(db, report, reported))
      : markdownOf(report, await questionsOf(db, reported.datasetId, report));
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new MusterError('INVALID_INPUT', `the report could not be written: ${messageOf(cause)}`, {
      remedy: 'Name a file in a folder that is there.',
      cause,
    });
  }
}

/** Those that lost most first; where nothing is compared, those that failed, and then those with the lowest scores. */
async function shownOf(
  db: Database,
  { comparison }: Report,
  { baseline, datasetId, experiment, trials }: Reported,
): Promise<readonly ShownExample[]> {
  const changes = new Map(comparison?.examples.map((change) => [change.exampleId, change]));
  const ids =
    comparison === null
      ? [...trials.values()].toSorted((a, b) => worth(a) - worth(b)).map(({ exampleId }) => exampleId)
      : comparison.examples.map(({ exampleId }) => exampleId);
  const shown = ids.slice(0, MOST_SHOWN);
  const examples = await new Examples(db).list({ datasetId, ids: shown, limit: MOST_SHOWN, offset: 0 });
  const expected = new Map(examples.map(({ exampleId, outputs }) => [exampleId, shortened(textOf(outputs) ?? null)]));
  const questions = new Map(examples.map(({ exampleId, inputs }) => [exampleId, questionIn(inputs)]));
  const now = await textsOfRuns(db, experiment, shown);
  const before = baseline === undefined ? undefined : await textsOfRuns(db, baseline, shown);
  return shown.map((exampleId) => ({
    exampleId,
    question: questions.get(exampleId),
    expected: expected.get(exampleId) ?? null,
    now: now.get(exampleId),
    before: before?.get(exampleId),
    scores: trials.get(exampleId)?.scores ?? [],
    change: changes.get(exampleId),
  }));
}

const worth = ({ error, scores }: { readonly error: string | null; readonly scores: readonly { readonly score: number }[] }): number =>
  error === null ? scores.reduce((sum, { score }) => sum + score, 0) : -Infinity;
