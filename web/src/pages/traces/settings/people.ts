import { queryOptions } from '@tanstack/react-query';
import { call } from '../../../api/client.ts';

/** What somebody is known by, in words. */
export const subjectKinds = { user: 'the id of a user', thread: 'the id of a thread', text: 'a text anywhere' } as const;

export interface Subject {
  readonly kind: keyof typeof subjectKinds;
  readonly value: string;
}

/** Rows by table. */
export type Removed = Readonly<Record<string, number>>;

export interface Erasure {
  readonly erasure_id: string;
  readonly kind: keyof typeof subjectKinds;
  readonly subject: string;
  readonly requested_by: string;
  readonly requested_at: string;
  readonly finished_at: string | null;
  readonly traces: readonly string[];
}

interface Outcome {
  readonly traces: number;
  readonly removed: Removed;
  /** null: nobody asked for it. */
  readonly still_in: Removed | null;
}

/** Everything that is kept is read for it. */
const patienceMs = 600_000;

export const eraseSubject = ({ kind, value }: Subject, how: { readonly dry_run?: boolean; readonly verify?: boolean }): Promise<Outcome> =>
  call<Outcome>(`/traces/subjects/${encodeURIComponent(value)}/erasure`, { method: 'POST', body: { kind, ...how }, patienceMs });

export const peopleQueries = {
  erasures: () =>
    queryOptions({
      queryKey: ['traces', 'erasures'],
      queryFn: ({ signal }) => call<{ readonly items: readonly Erasure[] }>('/traces/erasures', { query: { limit: 50 }, signal }),
    }),
};
