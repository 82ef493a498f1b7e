import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { queries } from '../../api/queries.ts';
import { ScoreCard } from '../why-score.tsx';

const shown = 8;

/** Every monitored database with why its score is not higher, the lowest first. The fleet's own alone is told with the fleet. */
export function DatabaseScores(): ReactNode {
  const { data } = useQuery(queries.databaseScores());
  const scores = (data?.items ?? []).toSorted((a, b) => (a.score ?? -1) - (b.score ?? -1));
  if (scores.every(({ subject }) => subject === 'database')) return null;
  return (
    <section aria-label="Databases" className="flex min-w-0 flex-col gap-2.5">
      <h2 className="text-md">Databases</h2>
      <div className="grid items-start gap-3 xl:grid-cols-2">
        {scores.slice(0, shown).map((score) => (
          <ScoreCard
            key={score.subject}
            score={score}
            title={score.subject === 'database' ? 'The fleet’s own' : score.subject.slice('database:'.length)}
            judgedAt={data?.evaluated_at ?? null}
          />
        ))}
      </div>
      {scores.length > shown && (
        <p className="text-ink-2">
          {scores.length - shown} more: <code>muster health</code> lists them.
        </p>
      )}
    </section>
  );
}
