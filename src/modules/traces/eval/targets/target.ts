import type { JsonText } from '../../run/operation.ts';

/** An example as it is given to a target. */
export interface Asked {
  readonly exampleId: string;
  readonly inputs: JsonText;
  /** Of what the target does: what it traces itself belongs under this run, in this project. */
  readonly trace: { readonly dottedOrder: string; readonly project: string };
}

export interface Answer {
  readonly outputs: JsonText;
  /** The run under which a gateway of Muster logged it. */
  readonly loggedAs?: string | undefined;
  /** A call of a model that nobody logs but us. */
  readonly call?: { readonly model: string; readonly request: JsonText } | undefined;
}

/** What examples are given to. Throws where it fails: that is an answer, too. */
export type Target = (asked: Asked, signal: AbortSignal) => Promise<Answer>;

/** What an answer may weigh. */
export const MOST_BYTES = 4 * 1_048_576;

/** JSON as it came; a text that is none becomes one that is. */
export function outputsOf(body: string): JsonText {
  const text = body.trim();
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify({ output: text });
  }
}
