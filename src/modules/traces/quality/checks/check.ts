import type { Conversation, Message, Part } from '../../content/conversation/index.ts';

/** What is judged of one run: the conversation, and its texts taken together. */
export interface Case {
  readonly conversation: Conversation;
  /** What the model said, without its thoughts and calls of tools. */
  readonly answer: string;
  /** The last thing a person asked. */
  readonly question: string;
  /** Everything the model was given: instructions, documents, what tools brought. */
  readonly given: string;
  /** Whether the run itself failed: then there is no answer to judge. */
  readonly failed: boolean;
}

/** A place in the answer: characters from `start` to `end`, and what stands there. */
export interface Evidence {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** 1 is good, 0 is bad. `unsure` says what was seen and that a person should look before believing it. */
export interface Verdict {
  readonly score: number;
  readonly verdict: 'pass' | 'unsure' | 'fail';
  readonly because: string;
  readonly evidence: readonly Evidence[];
}

/** Undefined: there is nothing in this run that the check could judge. */
export type Check = (given: Case) => Verdict | undefined;

const MOST_EVIDENCE = 5;
const LONGEST_EVIDENCE = 200;

export const pass = (because: string): Verdict => ({ score: 1, verdict: 'pass', because, evidence: [] });
export const fail = (score: number, because: string, evidence: readonly Evidence[] = []): Verdict => ({
  score,
  verdict: 'fail',
  because,
  evidence: evidence.slice(0, MOST_EVIDENCE),
});
export const unsure = (score: number, because: string, evidence: readonly Evidence[] = []): Verdict => ({
  score,
  verdict: 'unsure',
  because,
  evidence: evidence.slice(0, MOST_EVIDENCE),
});
export const at = (text: string, start: number, end: number): Evidence => ({
  start,
  end,
  text: text.slice(start, Math.min(end, start + LONGEST_EVIDENCE)),
});

/** Longer texts are judged by their beginning and end: loops and breaks show there, and a check stays cheap. */
const LONGEST_ANSWER = 60_000;
const LONGEST_GIVEN = 400_000;

export function caseOf(conversation: Conversation, failed: boolean): Case {
  const question = conversation.input.findLast(({ role }) => role === 'user');
  return {
    conversation,
    answer: textIn(conversation.output, (part) =>
      part.type === 'text' ? part.text : part.type === 'json' ? written(part.value) : '',
    ).slice(0, LONGEST_ANSWER),
    question: question === undefined ? '' : textIn([question], (part) => (part.type === 'text' ? part.text : '')).slice(0, LONGEST_ANSWER),
    given: textIn(conversation.input, wordsOf).slice(0, LONGEST_GIVEN),
    failed,
  };
}

const textIn = (messages: readonly Message[], read: (part: Part) => string): string =>
  messages
    .flatMap(({ parts }) => parts.map(read))
    .filter((text) => text !== '')
    .join('\n');

function wordsOf(part: Part): string {
  switch (part.type) {
    case 'tool_call':
      return part.arguments;
    case 'media':
      return part.url ?? '';
    case 'json':
      return written(part.value);
    default:
      return part.text;
  }
}

/** JSON as somebody reads it: its texts line by line, so that a quotation is found whatever was escaped. */
function written(value: unknown): string {
  const lines: string[] = [];
  const walk = (node: unknown, depth: number): void => {
    if (depth > 32 || lines.length > 20_000) return;
    if (typeof node === 'string') lines.push(node);
    else if (typeof node === 'number' || typeof node === 'boolean') lines.push(String(node));
    else if (Array.isArray(node)) for (const item of node) walk(item, depth + 1);
    else if (typeof node === 'object' && node !== null) for (const item of Object.values(node)) walk(item, depth + 1);
  };
  walk(value, 0);
  return lines.join('\n');
}

/** Without blocks and spans of code, of the same length: what stands in code is judged by no rule for prose. */
export const withoutCode = (text: string): string => text.replace(/```[\s\S]*?(?:```|$)|`[^`\n]*`/g, (code) => ' '.repeat(code.length));
