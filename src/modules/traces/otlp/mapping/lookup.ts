import { CONVENTIONS, ROWS, type Row } from './table.ts';

/** What an attribute's name says about it. */
export interface Target {
  readonly row: Row;
  /** The field, the rest of the name behind it where the row ends in `*`. */
  readonly field: string;
  /** The smaller, the better: of several attributes for one field one is taken. */
  readonly rank: number;
  /** Of an item of a flattened list: which, and where in it. */
  readonly path?: readonly string[];
}

interface Pattern extends Omit<Target, 'path'> {
  readonly prefix: string;
  readonly kind: 'rest' | 'list';
}

const EXACT = new Map<string, Target[]>();
const PATTERNS: Pattern[] = [];

for (const row of ROWS)
  for (const [order, convention] of CONVENTIONS.entries())
    for (const [place, name] of (row.names[convention] ?? []).entries()) {
      const rank = order * 100 + place;
      const { field } = row;
      if (name.endsWith('.N.*')) PATTERNS.push({ row, field, rank, prefix: name.slice(0, -3), kind: 'list' });
      else if (name.endsWith('.*')) PATTERNS.push({ row, field: field.slice(0, -1), rank, prefix: name.slice(0, -1), kind: 'rest' });
      else EXACT.set(name, [...(EXACT.get(name) ?? []), { row, field, rank }]);
    }

// `gen_ai.request.choice.count` before `gen_ai.request.*`: the longer a prefix, the more it says.
PATTERNS.sort((a, b) => b.prefix.length - a.prefix.length);

const NOTHING: readonly Target[] = [];
/** Names repeat from span to span, but strangers choose them. */
const MOST_KNOWN = 10_000;
const known = new Map<string, readonly Target[]>();

/** The rows of the table that an attribute falls under: none, or several that hold for different types of runs. */
export function targetsOf(name: string): readonly Target[] {
  const targets = known.get(name);
  if (targets !== undefined) return targets;
  const found = find(name);
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(name, found);
  return found;
}

function find(name: string): readonly Target[] {
  const exact = EXACT.get(name);
  if (exact !== undefined) return exact;
  for (const { prefix, kind, row, field, rank } of PATTERNS) {
    if (!name.startsWith(prefix) || name.length === prefix.length) continue;
    const rest = name.slice(prefix.length);
    if (kind === 'rest') return [{ row, field: field + rest, rank }];
    if (/^\d{1,5}(\.|$)/.test(rest)) return [{ row, field, rank, path: rest.split('.') }];
  }
  return NOTHING;
}
