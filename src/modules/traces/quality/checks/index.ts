import { conversationOf, type RunTexts } from '../../content/conversation/index.ts';
import { caseOf, type Check, type Verdict } from './check.ts';
import { empty } from './empty.ts';
import { grounded } from './grounded.ts';
import { json } from './json.ts';
import { language } from './language.ts';
import { refusal } from './refusal.ts';
import { repetition } from './repetition.ts';
import { truncated } from './truncated.ts';

export type { Verdict } from './check.ts';

/** By the key under which their scores are kept. Each is named for what is good, because 1 is good. */
const CHECKS = {
  not_refused: refusal,
  not_empty: empty,
  complete: truncated,
  valid_json: json,
  same_language: language,
  not_repetitive: repetition,
  grounded_quotes: grounded,
} as const satisfies Readonly<Record<string, Check>>;

export type CheckKey = keyof typeof CHECKS;

export const CHECK_KEYS = Object.keys(CHECKS) as readonly CheckKey[];

export interface Judged extends Verdict {
  readonly key: CheckKey;
}

/** Judges one run of a model. Pure; what a check cannot judge it says nothing of. */
export function judgeRun(
  run: RunTexts & { readonly error?: string | null | undefined },
  keys: readonly CheckKey[] = CHECK_KEYS,
): readonly Judged[] {
  const given = caseOf(conversationOf(run), run.error !== null && run.error !== undefined && run.error !== '');
  return keys.flatMap((key) => {
    const verdict = CHECKS[key](given);
    return verdict === undefined ? [] : [{ key, ...verdict }];
  });
}
