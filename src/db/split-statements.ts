/**
 * Splits SQL into its statements, without the semicolons: knows quotes, dollar quotes and nested comments, not the
 * `begin atomic` bodies of SQL-standard functions. Line comments before a statement are dropped with the space around.
 */
export function splitStatements(text: string): readonly string[] {
  const statements: string[] = [];
  let start = 0;
  let at = 0;
  while (at < text.length) {
    const skipped = skipQuoted(text, at);
    if (skipped > at) {
      at = skipped;
      continue;
    }
    if (text[at] === ';') {
      push(statements, text.slice(start, at));
      start = at + 1;
    }
    at += 1;
  }
  push(statements, text.slice(start));
  return statements;
}

function push(statements: string[], piece: string): void {
  const statement = piece.replace(/^(\s+|--[^\n]*(\n|$))+/, '').trim();
  if (statement !== '') statements.push(statement);
}

/** The end of the quoted piece or comment that begins at `at`; `at` itself where none does. */
function skipQuoted(text: string, at: number): number {
  const rest = text.length;
  const char = text[at];
  if (char === '-' && text[at + 1] === '-') return endOf(text, '\n', at, rest);
  if (char === '/' && text[at + 1] === '*') return skipComment(text, at);
  if (char === "'") return skipString(text, at, /[eE]/.test(text[at - 1] ?? '') && !/\w/.test(text[at - 2] ?? ' '));
  if (char === '"') return endOf(text, '"', at + 1, rest);
  if (char === '$' && !/[\w$]/.test(text[at - 1] ?? ' ')) {
    const tag = /^\$(?:[A-Za-z_]\w*)?\$/.exec(text.slice(at, at + 66))?.[0];
    if (tag !== undefined) return endOf(text, tag, at + tag.length, rest);
  }
  return at;
}

function endOf(text: string, mark: string, from: number, otherwise: number): number {
  const found = text.indexOf(mark, from);
  return found === -1 ? otherwise : found + mark.length;
}

function skipString(text: string, at: number, backslashes: boolean): number {
  for (let i = at + 1; i < text.length; i += 1) {
    if (backslashes && text[i] === '\\') i += 1;
    else if (text[i] === "'") {
      if (text[i + 1] !== "'") return i + 1;
      i += 1;
    }
  }
  return text.length;
}

function skipComment(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i += 1) {
    const pair = text.slice(i, i + 2);
    if (pair === '/*') depth += 1;
    else if (pair === '*/') depth -= 1;
    else continue;
    i += 1;
    if (depth === 0) return i + 1;
  }
  return text.length;
}
