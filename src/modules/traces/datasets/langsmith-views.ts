import type { Dataset, Example } from './dataset.ts';
import { metadataOf } from './datasets.ts';
import type { AttachmentPlace } from './examples.ts';

/** As LangSmith's clients read a dataset. */
export const datasetView = (dataset: Dataset, tenantId: string) => ({
  id: dataset.datasetId,
  tenant_id: tenantId,
  name: dataset.name,
  description: dataset.description,
  data_type: dataset.dataType,
  created_at: dataset.createdAt.toISOString(),
  modified_at: dataset.modifiedAt.toISOString(),
  example_count: dataset.examples,
  session_count: dataset.sessions,
  last_session_start_time: dataset.lastSessionAt?.toISOString() ?? null,
  inputs_schema_definition: parsed(dataset.inputsSchema),
  outputs_schema_definition: parsed(dataset.outputsSchema),
  externally_managed: false,
  extra: parsed(dataset.extra),
  metadata: metadataOf(dataset.extra),
  transformations: [],
});

/**
 * An example as JSON text: inputs and outputs are put in as they came, digit for digit. `select` names the fields wanted beside those that
 * every answer has.
 */
export function exampleText(example: Example, dataset: string, attachments: readonly AttachmentPlace[], base: string): string {
  const fields = {
    id: example.exampleId,
    dataset_id: example.datasetId,
    name: `#${example.exampleId.slice(0, 4)} @ ${dataset}`,
    created_at: example.createdAt.toISOString(),
    modified_at: example.modifiedAt.toISOString(),
    source_run_id: example.sourceRunId,
    metadata: { ...example.metadata, dataset_split: example.splits },
    ...(attachments.length === 0 ? {} : { attachment_urls: urlsOf(attachments, base) }),
  };
  return `${JSON.stringify(fields).slice(0, -1)},"inputs":${example.inputs},"outputs":${example.outputs ?? 'null'}}`;
}

/** Whole addresses: Python's SDK puts the endpoint before those that are not, and the older ones of JavaScript nothing. */
const urlsOf = (attachments: readonly AttachmentPlace[], base: string) =>
  Object.fromEntries(
    attachments.map(({ name, mimeType, token }) => [
      `attachment.${name}`,
      { presigned_url: `${base}/langsmith/example-attachments/${token}`, s3_url: null, mime_type: mimeType },
    ]),
  );

export const parsed = (text: string | null): unknown => (text === null ? null : JSON.parse(text));
