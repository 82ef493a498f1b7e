import type { Template } from './queries.ts';

export interface Stretch {
  readonly text: string;
  readonly isVariable: boolean;
}

/** In order of what is looked for first: braces that are escaped are no variable. */
const marks = {
  mustache: /\{\{(?<variable>\{?[#^/&]?\s*[\w.$-]+\s*\}?)\}\}/g,
  'f-string': /\{\{|\}\}|\{(?<variable>[^{}]+)\}/g,
} as const;

/** A text in stretches, those in which a variable is put in told apart. */
export function stretchesOf(text: string, format: string): readonly Stretch[] {
  const places = text.matchAll(format === 'mustache' ? marks.mustache : marks['f-string']);
  const found: Stretch[] = [];
  let end = 0;
  const until = (to: number, isVariable: boolean): void => {
    if (to > end) found.push({ text: text.slice(end, to), isVariable });
    end = to;
  };
  for (const place of places) {
    if (place.groups?.['variable'] === undefined) continue;
    until(place.index, false);
    until(place.index + place[0].length, true);
  }
  until(text.length, false);
  return found;
}

/** A template as text that two of can be held against each other. */
export function templateText({ messages, model, schema }: Template): string {
  const said = messages.map(({ parts, role, variable }) =>
    [
      variable === undefined ? `[${role}]` : `[messages of ${variable}]`,
      ...parts.map((part) => (part.type === 'text' ? part.text : JSON.stringify(part.value, undefined, 2))),
    ].join('\n'),
  );
  return [
    ...said,
    ...(schema === null ? [] : [`[schema]\n${JSON.stringify(schema, undefined, 2)}`]),
    ...(model === null ? [] : [`[model]\n${model}`]),
  ].join('\n\n');
}
