/**
 * A JSON text without the members whose name begins with one of the prefixes, at whatever depth, and how many those were. Nothing else
 * changes: parsing and writing it again would lose large numbers and the order of keys. For a text that is not JSON: as it is.
 */
export function withoutMembers(text: string, prefixes: readonly string[]): { readonly text: string; readonly dropped: number } {
  let kept = '';
  let from = 0;
  let dropped = 0;
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) !== 34) continue;
    const end = stringEnd(text, i);
    const colon = skipSpace(text, end);
    if (text[colon] !== ':' || !prefixes.some((prefix) => text.startsWith(prefix, i + 1))) {
      i = end - 1;
      continue;
    }
    const valueEnd = skipValue(text, skipSpace(text, colon + 1));
    const after = skipSpace(text, valueEnd);
    const comma = text[after] === ',';
    // The comma goes with it: the one behind, or for the last member the one before.
    kept += text.slice(from, i);
    if (!comma) kept = withoutLastComma(kept);
    from = comma ? after + 1 : valueEnd;
    i = from - 1;
    dropped += 1;
  }
  if (dropped === 0) return { text, dropped };
  return { text: kept + text.slice(from), dropped };
}

/** Without the comma at its end, and the space behind it. It may have stood before several members that went. */
function withoutLastComma(text: string): string {
  const trimmed = text.trimEnd();
  return trimmed.endsWith(',') ? trimmed.slice(0, -1) : text;
}

function skipSpace(text: string, i: number): number {
  while (' \n\r\t'.includes(text.charAt(i) || '.')) i += 1;
  return i;
}

/** Behind the closing quote of the string that opens at `i`. */
function stringEnd(text: string, i: number): number {
  for (let at = i + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 92) at += 1;
    else if (code === 34) return at + 1;
  }
  return text.length;
}

function skipValue(text: string, i: number): number {
  let depth = 0;
  for (let at = i; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '"') {
      at = stringEnd(text, at) - 1;
      if (depth === 0) return at + 1;
    } else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') {
      if (depth === 0) return at;
      if (--depth === 0) return at + 1;
    } else if (depth === 0 && (character === ',' || ' \n\r\t'.includes(character))) return at;
  }
  return text.length;
}
