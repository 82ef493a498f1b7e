import { at, fail, pass, unsure, type Check, type Verdict } from './check.ts';
import { breachOf } from './json-schema.ts';

/** Words that ask for JSON where no parameter does. */
const ASKED_IN_WORDS =
  /\b(?:respond|reply|answer|return|output)\b[^.\n]{0,40}\b(?:only|valid|strict|pure|raw|as|in|with|a single)\b[^.\n]{0,20}\bjson\b|\bnur\b[^.\n]{0,20}\bjson\b|\b(?:als|im) (?:gültiges )?json(?:-format)?\b[^.\n]{0,20}\bantworte|\bantworte\b[^.\n]{0,40}\bjson\b|\b(?:réponds|répondez|responde|rispondi)\b[^.\n]{0,40}\bjson\b/i;

export const json: Check = ({ conversation, answer, given, failed }) => {
  if (failed) return undefined;
  const parts = conversation.output.flatMap((message) => message.parts);
  for (const part of parts)
    if (part.type === 'tool_call' && part.arguments !== '' && parseAt(part.arguments) !== undefined)
      return fail(0, `the arguments of ${part.name || 'a tool'} are no JSON`, [at(part.arguments, 0, part.arguments.length)]);
  const { asked } = conversation;
  const inWords = asked === null && ASKED_IN_WORDS.test(given.slice(0, 50_000));
  if (asked === null && !inWords)
    return parts.some(({ type }) => type === 'tool_call') ? pass('the arguments of its tools are JSON') : undefined;
  if (answer.trim() === '' || parts.some(({ type }) => type === 'json' || type === 'refusal')) return undefined;
  return judge(answer, asked?.schema, inWords);
};

function judge(answer: string, schema: unknown, inWords: boolean): Verdict {
  const broken = parseAt(answer);
  if (broken === undefined) {
    const breach = schema === undefined ? undefined : breachOf(schema, JSON.parse(answer));
    return breach === undefined ? pass('it is JSON as asked') : fail(0.3, `it is JSON, but ${breach}`, [at(answer, 0, answer.length)]);
  }
  const fenced = /^\s*```(?:json)?\s*\n([\s\S]*?)\n?```\s*$/i.exec(answer)?.[1];
  if (fenced !== undefined && parseAt(fenced) === undefined)
    return unsure(0.6, 'it is JSON inside a block of code: a strict reader fails', [at(answer, 0, 40)]);
  const evidence = [at(answer, Math.max(0, broken - 40), broken + 40)];
  return inWords
    ? unsure(0.4, 'its instructions ask for JSON, and it is none', evidence)
    : fail(0, `it is no JSON: it breaks at character ${broken}`, evidence);
}

/** Where a text stops being JSON; undefined: it is JSON. */
function parseAt(text: string): number | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const found = error instanceof Error ? /position (\d+)/.exec(error.message)?.[1] : undefined;
    return found === undefined ? text.trimEnd().length : Number(found);
  }
}
