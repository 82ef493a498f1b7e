import type { Database } from '../../../db/database.ts';
import type { Visible } from './dataset.ts';
import type { Examples } from './examples.ts';
import type { SaidExamples } from './multipart-examples.ts';
import { attachmentsOf, byRunIds, contentOf } from './run-content.ts';

/** Keeps examples as a client said them; where they take after a run, with what that holds. Answers the moment of the version. */
export async function addExamples(
  db: Database,
  examples: Examples,
  datasetId: string,
  said: SaidExamples,
  visible: Visible,
): Promise<Date> {
  const wanted = said.examples.filter(({ usesRun, usesRunAttachments }) => usesRun || usesRunAttachments);
  const runIds = wanted.flatMap(({ sourceRunId }) => sourceRunId ?? []);
  const runs = new Map(
    runIds.length === 0 ? [] : (await contentOf(db, byRunIds(runIds), visible, runIds.length)).map((run) => [run.runId, run]),
  );
  const held = wanted.some(({ usesRunAttachments }) => usesRunAttachments) ? await attachmentsOf(db, [...runs.keys()]) : [];
  return examples.put(datasetId, {
    ...said,
    examples: said.examples.map(({ usesRun, usesRunAttachments: _, ...fields }) => {
      const run = usesRun && fields.sourceRunId !== undefined ? runs.get(fields.sourceRunId) : undefined;
      return run === undefined
        ? fields
        : { ...fields, inputs: fields.inputs ?? run.inputs ?? undefined, outputs: fields.outputs ?? run.outputs };
    }),
    attachments: [
      ...wanted
        .filter(({ usesRunAttachments }) => usesRunAttachments)
        .flatMap(({ exampleId, sourceRunId }) =>
          held.filter(({ runId }) => runId === sourceRunId).map(({ name, mimeType, body }) => ({ exampleId, name, mimeType, body })),
        ),
      ...said.attachments,
    ],
    projectNos: [...new Set([...runs.values()].map(({ projectNo }) => projectNo))],
  });
}
