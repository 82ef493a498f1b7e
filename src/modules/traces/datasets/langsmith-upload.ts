import type { FastifyInstance } from 'fastify';
import { principalOf } from '../../../http/principal.ts';
import type { ModuleServices } from '../../module.ts';
import type { Part } from '../langsmith/multipart.ts';
import { TENANT_ID } from '../langsmith/tenant.ts';
import type { DatasetFields, ExampleFields } from './dataset.ts';
import { fieldsOf } from './dataset-fields.ts';
import { Datasets } from './datasets.ts';
import { Examples } from './examples.ts';
import { formOf } from './form.ts';
import { datasetView } from './langsmith-views.ts';
import { idOf, wrong } from './query-values.ts';
import { readExamples } from './tables.ts';

/** A table of plain values that becomes a dataset: `client.uploadCsv`. All of it is kept, or nothing. */
export function addUploadDoor(app: FastifyInstance, { state }: Pick<ModuleServices, 'state'>): void {
  const datasets = new Datasets(state.database);
  const examples = new Examples(state.database);

  app.post(
    '/langsmith/datasets/upload',
    {
      config: { permission: 'traces:write' },
      schema: { tags: ['langsmith'], summary: 'Makes a dataset of a CSV file, as the parts of a form' },
    },
    async (request) => {
      const { id, rows, ...fields } = read(await formOf(request));
      const made = await datasets.create({ ...fields, datasetId: id }, principalOf(request).subject);
      try {
        await examples.put(made.datasetId, { examples: rows });
      } catch (error) {
        await datasets.remove(made.datasetId);
        throw error;
      }
      return datasetView(await datasets.get(made.datasetId, null), TENANT_ID);
    },
  );
}

interface Upload extends DatasetFields {
  readonly name: string;
  readonly id: string | undefined;
  readonly rows: readonly ExampleFields[];
}

function read(parts: readonly Part[]): Upload {
  const texts = (name: string): readonly string[] => parts.filter((part) => part.name === name).map(({ body }) => body.toString('utf8'));
  const [file] = texts('file');
  const inputs = texts('input_keys');
  if (file === undefined) throw wrong('file', 'must be there: the CSV');
  if (inputs.length === 0) throw wrong('input_keys', 'must be said: the columns that are inputs');
  const one = (name: string): string | undefined => texts(name)[0];
  const { name, ...fields } = fieldsOf({ name: one('name'), description: one('description'), data_type: one('data_type') });
  const id = one('id');
  return {
    ...fields,
    name: name ?? `CSV of ${new Date().toISOString()}`,
    id: id === undefined ? undefined : idOf(id, 'id'),
    rows: readExamples('csv', file, { inputs, outputs: texts('output_keys') }),
  };
}
