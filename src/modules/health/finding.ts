/** How much it matters. Emergency: data or service is being lost now. */
export const LEVELS = ['info', 'warning', 'critical', 'emergency'] as const;
export type Level = (typeof LEVELS)[number];

/** `fleet`, `database` (the fleet's own), `database:<name>` (another that is monitored), `host:<hostname>` or `agent:<agent_id>`. */
export type Subject = 'fleet' | 'database' | `database:${string}` | `host:${string}` | `agent:${string}`;

/** Something that is wrong, found in what was measured. */
export interface Finding {
  /** The same as long as the trouble lasts: subject and check, and what of it. */
  readonly id: string;
  readonly subject: Subject;
  readonly check: string;
  readonly level: Level;
  /** How much of the subject's score this alone takes, 0 to 100. */
  readonly points: number;
  /** One sentence for a person. */
  readonly text: string;
  readonly value: number | string;
  /** What `value` was held against; null where it is no number. */
  readonly threshold: number | null;
  readonly remedy: string;
}

/** What a check came to. `unknown`: what it needs was not measured; that lowers coverage and never reads as healthy. */
export type Verdict =
  | { readonly kind: 'fine'; readonly subject: Subject; readonly check: string }
  | { readonly kind: 'unknown'; readonly subject: Subject; readonly check: string; readonly why: string }
  | ({ readonly kind: 'finding' } & Finding);

export const levelRank = (level: Level): number => LEVELS.indexOf(level);

/** The gravest of them; undefined for none. */
export function gravest(levels: readonly Level[]): Level | undefined {
  return levels.reduce<Level | undefined>(
    (worst, level) => (worst === undefined || levelRank(level) > levelRank(worst) ? level : worst),
    undefined,
  );
}

/** Points of a finding that has just reached its level; a graver level begins where the lighter one ends. */
export const POINTS_AT: Readonly<Record<Level, number>> = { info: 3, warning: 15, critical: 55, emergency: 80 };
