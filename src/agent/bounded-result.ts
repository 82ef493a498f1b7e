import { boundedMessage } from './run-ledger.ts';

/** A result larger than this, as JSON, is cut: it belongs in a table. */
const MOST_RESULT_BYTES = 65_536;

/** What an agent returned, as it can be stored. What cannot be written as JSON, or is too large, is described instead. */
export function boundedResult(result: unknown): unknown {
  let json: string | undefined;
  try {
    json = JSON.stringify(result ?? null) as string | undefined;
  } catch (error) {
    return { not_stored: `the result is no JSON: ${boundedMessage(error)}` };
  }
  if (json === undefined) return null;
  if (json.length > MOST_RESULT_BYTES)
    return { not_stored: `the result is ${json.length} bytes of JSON, more than ${MOST_RESULT_BYTES}`, begins: json.slice(0, 1_000) };
  return result ?? null;
}
