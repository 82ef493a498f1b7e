import type { DatasetFields } from './dataset.ts';
import { wrong } from './query-values.ts';

export const LONGEST_NAME = 512;
const DATA_TYPES = ['kv', 'llm', 'chat'];

/** What a body says of a dataset; what it does not say stays. */
export function fieldsOf(said: Readonly<Record<string, unknown>>): DatasetFields {
  const { name, description, data_type: dataType, extra, metadata } = said;
  if (name !== undefined && name !== null && (typeof name !== 'string' || name === '' || name.length > LONGEST_NAME))
    throw wrong('name', `is a text of 1 to ${LONGEST_NAME} characters`);
  if (dataType !== undefined && dataType !== null && !DATA_TYPES.includes(dataType as string))
    throw wrong('data_type', `is one of ${DATA_TYPES.join(', ')}`);
  const told = metadata === undefined ? extra : { ...(typeof extra === 'object' ? extra : {}), metadata };
  return {
    name: typeof name === 'string' ? name.replaceAll('\u0000', '') : undefined,
    description: typeof description === 'string' ? description.replaceAll('\u0000', '') : undefined,
    dataType: typeof dataType === 'string' ? dataType : undefined,
    extra: jsonOf(told),
    inputsSchema: jsonOf(said['inputs_schema_definition']),
    outputsSchema: jsonOf(said['outputs_schema_definition']),
  };
}

const jsonOf = (value: unknown): string | undefined => (value === undefined || value === null ? undefined : JSON.stringify(value));
