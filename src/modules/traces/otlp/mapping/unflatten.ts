import type { Value } from '../span.ts';

type Tree = Map<string, Tree | Value>;

/**
 * A list that was flattened into attributes: `….0.message.content` and `….0.message.tool_calls.1.tool_call.id` become items with what is in
 * them. What has nothing but numbers for names is a list.
 */
export class Unflattened {
  readonly #root: Tree = new Map();

  /** The first of the path is the item's place. */
  set(path: readonly string[], value: Value): void {
    let at = this.#root;
    for (const name of path.slice(0, -1)) {
      const next = at.get(name);
      if (next instanceof Map) at = next;
      else {
        const made: Tree = new Map();
        at.set(name, made);
        at = made;
      }
    }
    const last = path.at(-1) ?? '';
    if (!(at.get(last) instanceof Map)) at.set(last, value);
  }

  value(): Value {
    return built(this.#root);
  }
}

function built(tree: Tree | Value): Value {
  if (!(tree instanceof Map)) return tree;
  const entries = [...tree];
  if (entries.every(([name]) => /^\d+$/.test(name)))
    return entries.toSorted(([a], [b]) => Number(a) - Number(b)).map(([, value]) => built(value));
  const made = Object.create(null) as Record<string, Value>;
  for (const [name, value] of entries) made[name] = built(value);
  return made;
}
