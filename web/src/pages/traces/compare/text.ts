import type { Message, Part } from '../types.ts';

/** A conversation as text that two of can be held against each other. */
export function textOf(messages: readonly Message[] | undefined, value: unknown): string {
  if (messages === undefined || messages.length === 0) return jsonText(value);
  return messages
    .map(({ name, parts, role }) => [`[${name === undefined ? role : `${role} ${name}`}]`, ...parts.map(partText)].join('\n'))
    .join('\n\n');
}

function partText(part: Part): string {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'reasoning':
    case 'refusal':
      return `(${part.type}) ${part.text}`;
    case 'tool_call':
      return `calls ${part.name} ${part.arguments}`;
    case 'tool_result':
      return `${part.name ?? 'tool'} answers ${part.text}`;
    case 'media':
      return `(${part.kind} ${part.mimeType ?? ''} ${part.url ?? ''})`;
    case 'json':
      return jsonText(part.value);
  }
}

export const jsonText = (value: unknown): string =>
  value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value, undefined, 2);
