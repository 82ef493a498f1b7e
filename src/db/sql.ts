/** A parameterised statement. `name` makes it a prepared one: only for the hot path, and off behind a pooler. */
export interface Sql {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly name?: string;
}

/** Text put in as it is: an identifier of ours, a fragment. Never anything from outside. */
class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export const raw = (text: string): Raw => new Raw(text);

/**
 * Builds a statement; every `${value}` becomes a parameter, a nested `sql` is spliced in.
 * @example sql`select * from muster.agents where agent_id = ${id}`
 */
export function sql(strings: TemplateStringsArray, ...parts: readonly unknown[]): Sql {
  let text = '';
  const values: unknown[] = [];
  strings.forEach((piece, index) => {
    text += piece;
    if (index >= parts.length) return;
    const part = parts[index];
    if (part instanceof Raw) text += part.text;
    else if (isSql(part)) {
      text += part.text.replace(/\$(\d+)/g, (_, n: string) => `$${Number(n) + values.length}`);
      values.push(...part.values);
    } else {
      values.push(part);
      text += `$${values.length}`;
    }
  });
  return { text, values };
}

/** The same statement, prepared once a connection under `name`. */
export const named = (name: string, statement: Sql): Sql => ({ ...statement, name });

function isSql(part: unknown): part is Sql {
  return typeof part === 'object' && part !== null && 'text' in part && 'values' in part && Array.isArray(part.values);
}
