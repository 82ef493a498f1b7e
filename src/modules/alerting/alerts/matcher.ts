/** One condition on a label. A label that is not there counts as the empty text. `~` is a pattern with `*`, not an expression: it cannot run long. */
export interface Matcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '~' | '!~';
  readonly value: string;
}

const TEXT = /^([A-Za-z_][A-Za-z0-9_.]*)\s*(=|!=|~|!~)\s*(.*)$/;

/** `agent=a1`, `level!=emergency`, `rule~disk_*`; undefined for anything else. */
export function parseMatcher(text: string): Matcher | undefined {
  const match = TEXT.exec(text.trim());
  if (match === null) return undefined;
  return { label: match[1] ?? '', operator: match[2] as Matcher['operator'], value: match[3] ?? '' };
}

export const matcherText = ({ label, operator, value }: Matcher): string => `${label}${operator}${value}`;

/** Whether all match. No matcher matches nothing: an empty list is never read as everything. */
export function matchesAll(matchers: readonly Matcher[], labels: Readonly<Record<string, string>>): boolean {
  return matchers.length > 0 && matchers.every((matcher) => matches(matcher, labels[matcher.label] ?? ''));
}

function matches({ operator, value }: Matcher, actual: string): boolean {
  switch (operator) {
    case '=':
      return actual === value;
    case '!=':
      return actual !== value;
    case '~':
      return fits(actual, value);
    case '!~':
      return !fits(actual, value);
  }
}

/** Whether a text fits a pattern in which `*` stands for anything: in linear time, whoever wrote the pattern. */
function fits(text: string, pattern: string): boolean {
  const parts = pattern.split('*');
  const [first = '', ...rest] = parts;
  if (rest.length === 0) return text === pattern;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}
