interface Asked {
  readonly key: string;
  readonly description?: string;
}

/** A line each: the key, and after a colon what it asks. */
export const readRubric = (text: string): readonly Asked[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const colon = line.indexOf(':');
      return colon < 1 ? { key: line } : { key: line.slice(0, colon).trim(), description: line.slice(colon + 1).trim() };
    });

export const writeRubric = (rubric: readonly { readonly key: string; readonly description: string | null }[]): string =>
  rubric
    // A line has no room for more of them.
    .map(({ description, key }) =>
      description === null || description === '' ? key : `${key}: ${description.replaceAll(/\s*\n\s*/g, ' ')}`,
    )
    .join('\n');
