import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { queries } from '../api/queries.ts';
import type { HealthScore } from '../api/types.ts';
import { formatCount, formatRatio } from '../ui/format.ts';
import { Icon } from '../ui/icons.tsx';
import { Ago, AsOf, Prose } from '../ui/primitives.tsx';
import { toneText } from '../ui/standing.ts';
import { bandLook, FindingRow, Scale } from './overview/health-card.tsx';

const staleAfterMs = 100_000;

/** The score of one subject, asked for by itself. Nothing where it has none yet. */
export function WhyScore({ subject, title = 'Health' }: { readonly subject: string; readonly title?: string }): ReactNode {
  const { data } = useQuery(queries.scoreOf(subject));
  const score = data?.items[0];
  return score === undefined ? null : <ScoreCard score={score} title={title} judgedAt={data?.evaluated_at ?? null} />;
}

/** A score, and why it is not higher: it never stands without its reasons. */
export function ScoreCard({
  score,
  title,
  judgedAt,
}: {
  readonly score: HealthScore;
  readonly title: string;
  readonly judgedAt: string | null;
}): ReactNode {
  const { word, tone } = bandLook[score.band];
  const id = `why-${score.subject}`;
  return (
    <section aria-labelledby={id} className="card grid min-w-0 gap-x-6 gap-y-3 px-4 py-3 sm:grid-cols-[10rem_minmax(0,1fr)]">
      <div className="flex flex-col">
        <h2 id={id} className="text-sm [overflow-wrap:anywhere]">
          {title}
        </h2>
        <p className="flex items-end gap-1.5">
          <span className="text-2xl font-medium">{score.score === null ? '–' : formatCount(Math.round(score.score))}</span>
          {score.score !== null && <span className="pb-0.5 text-ink-3">of 100</span>}
        </p>
        <Scale score={score.score} tone={tone} />
        <p className={`mt-2 font-medium ${toneText[tone]}`}>{word}</p>
        <p className="text-xs text-ink-3">
          for <Ago at={score.since} suffix="" />, {formatRatio(score.coverage)} of the checks had data
        </p>
      </div>
      <div className="flex min-w-0 flex-col">
        <span className="self-end">
          <AsOf at={judgedAt === null ? undefined : Date.parse(judgedAt)} staleAfterMs={staleAfterMs} />
        </span>
        <Reasons score={score} />
      </div>
    </section>
  );
}

/** Checks without data for the same reason are one line: of a database that is away that is all of them. */
function togetherByReason(unknown: readonly string[]): readonly string[] {
  const checks = new Map<string, string[]>();
  for (const text of unknown) {
    const [check = text, ...why] = text.split(': ');
    const reason = why.join(': ');
    checks.set(reason, [...(checks.get(reason) ?? []), check]);
  }
  return [...checks].map(([reason, of]) => (reason === '' ? of.join(', ') : `${of.join(', ')}: ${reason}`));
}

function Reasons({ score }: { readonly score: HealthScore }): ReactNode {
  if (score.findings.length === 0 && score.caps.length === 0 && score.unknown.length === 0) {
    return (
      <p className="flex items-center gap-2 text-ink-2">
        <Icon name={score.band === 'paused' ? 'pause' : 'check'} className={score.band === 'paused' ? 'text-idle' : 'text-ok'} />
        {score.band === 'paused' ? 'Somebody paused it: it is neither well nor ill.' : 'No findings: every check passed.'}
      </p>
    );
  }
  return (
    <ul className="flex flex-col">
      {score.findings.map((finding) => (
        <FindingRow key={finding.id} finding={{ ...finding, since: null }} />
      ))}
      {score.caps.map(({ score: most, because }) => (
        <li key={`${most} ${because}`} className="flex gap-2 py-1 text-ink-2">
          <Icon name="down" className="mt-0.5 text-ink-3" />
          At most {formatCount(most)}: {because}
        </li>
      ))}
      {togetherByReason(score.unknown).map((text) => (
        <li key={text} className="flex gap-2 py-1 text-ink-2">
          <Icon name="unknown" className="mt-0.5 text-ink-3" />
          <span>
            No data: <Prose text={text} />
          </span>
        </li>
      ))}
    </ul>
  );
}
