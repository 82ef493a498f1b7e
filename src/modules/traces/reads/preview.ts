import { conversationOf, type Message } from '../content/conversation/index.ts';
import type { RunTexts } from './run-record.ts';

const LONGEST = 200;
/** What is larger is not parsed for a line of text. */
const LARGEST_PARSED = 65_536;

export interface Preview {
  readonly inputs: string | null;
  readonly outputs: string | null;
}

/** What a run is about in a line each: the last thing that was asked, and the answer. Where nothing of the kind shows, its JSON from the beginning. */
export function previewOf({ inputs, outputs }: RunTexts): Preview {
  const isSmall = (inputs?.length ?? 0) + (outputs?.length ?? 0) <= LARGEST_PARSED;
  const conversation = isSmall ? conversationOf({ inputs, outputs }) : undefined;
  return {
    inputs: lineOf(conversation?.input.findLast(({ role }) => role === 'user') ?? conversation?.input.at(-1)) ?? head(inputs),
    outputs: lineOf(conversation?.output.at(-1)) ?? head(outputs),
  };
}

/** The error in a line. */
export function errorPreview(error: string | null | undefined): string | null {
  if (error === null || error === undefined) return null;
  const text = parsed(error);
  return shortened(typeof text === 'string' ? text : error);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // kept as it came, and it was no JSON
  }
}

function lineOf(message: Message | undefined): string | null {
  if (message === undefined) return null;
  const texts = message.parts.flatMap((part) => {
    switch (part.type) {
      case 'text':
      case 'refusal':
      case 'tool_result':
        return [part.text];
      case 'tool_call':
        return [`${part.name}(${part.arguments})`];
      default:
        return [];
    }
  });
  const line = texts.join(' ').trim();
  return line === '' ? null : shortened(line);
}

const head = (text: string | null | undefined): string | null => (text === null || text === undefined ? null : shortened(text));

function shortened(text: string): string {
  const line = text
    .slice(0, LONGEST * 4)
    .replaceAll(/\s+/g, ' ')
    .trim();
  if (line.length <= LONGEST) return line;
  // Not through the middle of a character of two halves.
  return `${line.slice(0, LONGEST).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
