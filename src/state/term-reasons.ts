/** How an agent stood when a host took it: the end of the term before, if there was one. */
export interface Before {
  /** Nobody had held it before. */
  readonly first: boolean;
  readonly status: string;
  readonly reason: string | null;
  /** The host that held it before. */
  readonly host: string | null;
  /** Whether that is the host that took it. */
  readonly same: boolean;
}

/** What the rows of agents say in a word, as a person would ask for it. Other reasons are sentences already. */
const WORDS: Readonly<Record<string, string>> = {
  inactive: 'it was deactivated',
  paused: 'it was paused',
};

/** Why a term ended, for people. */
export const whyEnded = (reason: string | null): string => (reason === null ? 'not known' : (WORDS[reason] ?? reason));

/** Why the agent came to the host that took it, for people. */
export function whyHere(before: Before): string {
  if (before.first) return 'first start: nobody had held it before';
  const from = before.host === null ? '' : ` (${before.host})`;
  if (before.status === 'lost') return `its host before${from} was lost: ${whyEnded(before.reason)}`;
  if (before.reason === 'inactive') return 'it was activated again';
  if (before.reason === null) return 'it was free';
  if (before.reason === 'its host stops' || before.reason === 'its host stopped') return `its host before${from} stopped in good order`;
  if (before.same) return `given away and taken again by the same host: ${before.reason}`;
  return `moved${before.host === null ? '' : ` from ${before.host}`}: ${before.reason}`;
}
