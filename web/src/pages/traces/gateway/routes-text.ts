import type { Route } from './queries.ts';

/** A route as a line: `gpt-* as gpt-4o, else mistral/small, ollama/llama3`. */
export const routeLine = ({ as, fallbacks, model }: Route): string =>
  `${model}${as === null ? '' : ` as ${as}`}${fallbacks.length === 0 ? '' : `, else ${fallbacks.join(', ')}`}`;

/** What was written, a route a line. What is no name is left to the server to refuse: it says which line. */
export function routesOf(text: string): readonly Route[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const [head = '', rest] = split(line, /,?\s+else\s+/);
      const [model = '', as] = split(head, /\s+as\s+/);
      return {
        model: model.trim(),
        as: as === undefined ? null : as.trim(),
        fallbacks:
          rest
            ?.split(',')
            .map((each) => each.trim())
            .filter((each) => each !== '') ?? [],
      };
    });
}

/** In two at the first of what stands between. */
function split(text: string, between: RegExp): readonly string[] {
  const found = between.exec(text);
  return found === null ? [text] : [text.slice(0, found.index), text.slice(found.index + found[0].length)];
}
