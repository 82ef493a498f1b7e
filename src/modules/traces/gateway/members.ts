/** Where a member of a JSON object stands in its text. */
interface Member {
  readonly valueAt: number;
  readonly valueEnd: number;
}

/** The top of a JSON object's text, and how deep it goes. Of two members of one name the last counts, as for JSON.parse. */
export interface Outline {
  readonly members: ReadonlyMap<string, Member>;
  readonly depth: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** One pass over a text that is meant to be JSON. For one that is not, the outline is of no use, and JSON.parse says why. */
export function outlineOf(text: string): Outline {
  const members = new Map<string, Member>();
  let depth = 0;
  let deepest = 0;
  let key: string | undefined;
  let valueAt = -1;
  const close = (end: number): void => {
    if (key !== undefined && valueAt >= 0) members.set(key, { valueAt, valueEnd: end });
    key = undefined;
    valueAt = -1;
  };
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      const end = endOfString(text, i);
      if (depth === 1 && key === undefined) key = plain(text.slice(i, end + 1));
      else if (depth === 1 && valueAt === -1) valueAt = i;
      i = end;
    } else if (c === 0x7b || c === 0x5b /* { [ */) {
      if (depth === 1 && key !== undefined && valueAt === -1) valueAt = i;
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (c === 0x7d || c === 0x5d /* } ] */) {
      depth -= 1;
      if (depth === 0) close(trimmed(text, i));
    } else if (depth === 1 && c === 0x2c /* , */) close(trimmed(text, i));
    else if (depth === 1 && key !== undefined && valueAt === -1 && c > 0x20 && c !== 0x3a /* : */) valueAt = i;
  }
  return { members, depth: deepest };
}

/** The same text with these members set; all else stays as it is, to the byte. `value` is JSON. */
export function withMembers(text: string, { members }: Outline, changes: Readonly<Record<string, string>>): string {
  const entries = Object.entries(changes);
  const inPlace = entries
    .flatMap(([key, value]) => {
      const member = members.get(key);
      return member === undefined ? [] : [{ ...member, value }];
    })
    .toSorted((a, b) => b.valueAt - a.valueAt);
  let changed = text;
  for (const { value, valueAt, valueEnd } of inPlace) changed = changed.slice(0, valueAt) + value + changed.slice(valueEnd);
  const added = entries.filter(([key]) => !members.has(key)).map(([key, value]) => `${JSON.stringify(key)}:${value}`);
  if (added.length === 0) return changed;
  const brace = changed.indexOf('{') + 1;
  return `${changed.slice(0, brace)}${added.join(',')}${members.size > 0 ? ',' : ''}${changed.slice(brace)}`;
}

/** Jumps from quote to quote: texts of megabytes are passed at the speed of a search. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}

function plain(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    // No JSON: its parser will say so.
    return quoted;
  }
}

function trimmed(text: string, end: number): number {
  let at = end;
  while (at > 0 && text.charCodeAt(at - 1) <= 0x20) at -= 1;
  return at;
}
