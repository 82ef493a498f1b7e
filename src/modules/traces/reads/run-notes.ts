import type { z } from 'zod';
import type { Database } from '../../../db/database.ts';
import { feedbackOf } from './feedback-store.ts';
import { errorPreview, previewOf } from './preview.ts';
import type { ProjectRecord } from './project-store.ts';
import type { RunRecord } from './run-record.ts';
import { boundedTexts } from './run-store.ts';
import { runItem, type RunItem } from './run-view.ts';
import { sumsOfTraces } from './trace-usage.ts';

/** Runs as a list shows them, with a line of what was said and what others say of them. */
export async function withNotes(
  db: Database,
  runs: readonly RunRecord[],
  projects: readonly ProjectRecord[],
  hasPreviews: boolean,
): Promise<readonly z.input<typeof RunItem>[]> {
  const projectOfNo = new Map(projects.map((project) => [project.projectNo, project]));
  const fields = hasPreviews ? (['inputs', 'outputs', 'error'] as const) : (['error'] as const);
  const roots = hasPreviews ? runs.filter(({ parentRunId }) => parentRunId === null) : [];
  const [whole, feedback, sums] = await Promise.all([
    boundedTexts(db, runs, fields),
    feedbackOf(
      db,
      runs.map(({ runId }) => runId),
    ),
    sumsOfTraces(db, roots),
  ]);
  const textsOf = new Map(whole.map(({ runId, texts }) => [runId, texts]));
  return runs.flatMap((run) => {
    const project = projectOfNo.get(run.projectNo);
    const texts = textsOf.get(run.runId);
    if (project === undefined) return [];
    const preview = hasPreviews && texts !== undefined ? previewOf(texts) : undefined;
    const trace = run.parentRunId === null ? sums.get(run.traceId) : undefined;
    return [runItem(run, project, { preview, error: errorPreview(texts?.error), feedback: feedback.get(run.runId), trace })];
  });
}

export async function errorsOf(db: Database, runs: readonly RunRecord[]): Promise<ReadonlyMap<string, string | null>> {
  return new Map((await boundedTexts(db, runs, ['error'])).map(({ runId, texts }) => [runId, errorPreview(texts.error)]));
}
