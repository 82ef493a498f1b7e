import type { Database } from '../../../db/database.ts';
import { conversationOf } from '../content/conversation/index.ts';
import { Examples } from '../datasets/index.ts';
import type { JsonText } from '../run/operation.ts';
import type { Report } from './report.ts';
import { unwrapped } from './scorers/said.ts';

/** What examples ask, by their ids: people know them by that, and not by an id. */
export type Questions = ReadonlyMap<string, string>;

const LONGEST = 100;
const MOST = 300;

/** What an example asks, on one line: the last thing a user says in a chat, its one text, else its JSON. */
export function questionIn(inputs: JsonText): string {
  const said = conversationOf({ inputs }).input.findLast(({ role }) => role === 'user');
  const text = said?.parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(' ');
  const value = unwrapped(inputs);
  const line = (text !== undefined && text.trim() !== '' ? text : typeof value === 'string' ? value : inputs).replace(/\s+/g, ' ').trim();
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1)}…`;
}

/** Of the examples that a report names one by one. */
export async function questionsOf(
  db: Database,
  datasetId: string,
  { comparison, failed }: Pick<Report, 'comparison' | 'failed'>,
): Promise<Questions> {
  const named = new Set([...(comparison?.regressions ?? []).map(({ exampleId }) => exampleId), ...failed.map(({ example_id: id }) => id)]);
  if (named.size === 0) return new Map();
  const examples = await new Examples(db).list({ datasetId, ids: [...named].slice(0, MOST), limit: MOST, offset: 0 });
  return new Map(examples.map(({ exampleId, inputs }) => [exampleId, questionIn(inputs)]));
}
