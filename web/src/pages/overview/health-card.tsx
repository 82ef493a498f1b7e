import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { queries } from '../../api/queries.ts';
import { useNow } from '../../live/now.ts';
import { formatAge, formatCount, formatRatio } from '../../ui/format.ts';
import { Icon, type IconName } from '../../ui/icons.tsx';
import { AsOf, Prose, Skeleton } from '../../ui/primitives.tsx';
import { type Tone, toneText } from '../../ui/standing.ts';
import { type Band, type Finding, type FleetHealth, hrefOf, type Level, parseFleetHealth } from './health.ts';

/** heartbeat_health_agent writes every 30 s: after three missed reports the score is of the past. */
const staleAfterMs = 100_000;

export const bandLook: Readonly<Record<Band, { readonly word: string; readonly tone: Tone }>> = {
  healthy: { word: 'Healthy', tone: 'ok' },
  degraded: { word: 'Degraded', tone: 'warn' },
  unhealthy: { word: 'Unhealthy', tone: 'bad' },
  critical: { word: 'Critical', tone: 'bad' },
  unknown: { word: 'Unknown', tone: 'idle' },
  paused: { word: 'Paused', tone: 'idle' },
};

/** How fit the fleet is, and why it is not fitter: the score never stands without its findings. */
export function HealthCard(): ReactNode {
  const { data, isPending } = useQuery(queries.fleetHealth());
  const report = data ? parseFleetHealth(data.value) : undefined;
  const at = report?.at ?? (data ? Date.parse(data.updated_at) : undefined);
  return (
    <section aria-labelledby="health-title" className="card flex min-w-0 flex-col">
      <div className="flex items-center gap-3 px-4 pt-3">
        <h2 id="health-title" className="text-sm">
          Fleet health
        </h2>
        <span className="ml-auto">
          <AsOf at={at} staleAfterMs={staleAfterMs} />
        </span>
      </div>
      <div className="grid flex-1 gap-x-6 gap-y-3 px-4 pt-2 pb-4 sm:grid-cols-[10rem_minmax(0,1fr)]">
        <Score report={report} pending={isPending} />
        <Findings report={report} pending={isPending} />
      </div>
    </section>
  );
}

function Score({ report, pending }: { readonly report: FleetHealth | undefined; readonly pending: boolean }): ReactNode {
  const score = report?.score ?? null;
  const { word, tone } = bandLook[report?.band ?? 'unknown'];
  return (
    <div className="flex flex-col">
      <p className="flex h-14 items-end gap-1.5">
        {pending ? (
          <Skeleton className="h-11 w-24" />
        ) : (
          <>
            <span className={`text-3xl font-medium tracking-[-0.045em] ${score === null ? 'text-ink-3' : ''}`}>
              {score === null ? '–' : formatCount(Math.round(score))}
            </span>
            {score !== null && <span className="pb-1 text-ink-3">of 100</span>}
          </>
        )}
      </p>
      <Scale score={score} tone={tone} />
      <p className="mt-2 flex min-h-5 items-baseline gap-2">
        {!pending && <span className={`font-medium ${toneText[tone]}`}>{word}</span>}
      </p>
      {report?.coverage !== null && report?.coverage !== undefined && report.coverage < 1 && (
        <p className="text-xs text-ink-3">{formatRatio(report.coverage)} of the checks had data</p>
      )}
    </div>
  );
}

const bounds = [50, 70, 90];

/** 0 to 100 with the bounds of the words; a hollow one while nothing is known. */
export function Scale({ score, tone }: { readonly score: number | null; readonly tone: Tone }): ReactNode {
  return (
    <svg
      viewBox="0 0 100 6"
      preserveAspectRatio="none"
      aria-hidden="true"
      className={`mt-2 h-1.5 w-full overflow-visible ${toneText[tone]}`}
    >
      <rect width="100" height="6" rx="1" className="fill-raised" />
      {score !== null && <rect width={score} height="6" rx="1" fill="currentColor" />}
      {bounds.map((bound) => (
        <rect key={bound} x={bound - 0.3} width="0.6" height="6" className="fill-surface" />
      ))}
    </svg>
  );
}

const levelLook: Readonly<Record<Level, { readonly icon: IconName; readonly colour: string; readonly word: string }>> = {
  emergency: { icon: 'critical', colour: 'text-bad', word: 'Emergency' },
  critical: { icon: 'critical', colour: 'text-bad', word: 'Critical' },
  warning: { icon: 'warning', colour: 'text-warn', word: 'Warning' },
  info: { icon: 'info', colour: 'text-ink-3', word: 'Note' },
};

const shown = 4;

function Findings({ report, pending }: { readonly report: FleetHealth | undefined; readonly pending: boolean }): ReactNode {
  if (pending) {
    return (
      <div className="flex flex-col gap-2 pt-3">
        <Skeleton className="h-4 w-3/4" />
        <Skeleton className="h-4 w-1/2" />
      </div>
    );
  }
  if (!report) {
    return (
      <p className="self-center text-ink-2">
        Not judged yet. <code>heartbeat_health_agent</code> writes its first verdict within a minute of its start; if none comes, see
        whether it runs.
      </p>
    );
  }
  if (report.findings.length === 0) {
    return (
      <p className="flex items-center gap-2 self-center text-ink-2">
        <Icon name="check" className="text-ok" />
        No findings: every check that had data passed.
      </p>
    );
  }
  return (
    <div className="min-w-0">
      <ul className="flex flex-col">
        {report.findings.slice(0, shown).map((finding) => (
          <FindingRow key={finding.id} finding={finding} />
        ))}
      </ul>
      {report.findings.length > shown && (
        <details className="text-ink-2">
          <summary className="cursor-pointer py-1 text-xs">{report.findings.length - shown + report.omitted} more</summary>
          <ul className="flex flex-col">
            {report.findings.slice(shown).map((finding) => (
              <FindingRow key={finding.id} finding={finding} />
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

export function FindingRow({ finding }: { readonly finding: Finding }): ReactNode {
  const { icon, colour, word } = levelLook[finding.level];
  const href = hrefOf(finding.subject);
  const now = useNow();
  return (
    <li className="flex min-w-0 gap-2 border-b border-line py-1.5 first:pt-0 last:border-0">
      <Icon name={icon} className={`mt-0.5 ${colour}`} />
      <div className="min-w-0 flex-1">
        <p>
          <span className="sr-only">{word}: </span>
          <Prose text={finding.text} />
        </p>
        <p className="flex flex-wrap gap-x-2 text-xs text-ink-3">
          {href === undefined ? (
            <span className="font-mono">{finding.subject}</span>
          ) : (
            <Link href={href} className="font-mono text-ink-2 underline decoration-line-strong underline-offset-3 hover:text-ink">
              {finding.subject.replace(/^(agent|host):/, '')}
            </Link>
          )}
          {finding.since !== null && <span>for {formatAge(now - finding.since)}</span>}
        </p>
        {finding.remedy !== null && (
          <p className="text-xs text-ink-3">
            <Prose text={finding.remedy} />
          </p>
        )}
      </div>
      {finding.points !== null && (
        <span className="shrink-0 text-xs text-ink-3" title={`Takes ${formatCount(finding.points)} of 100 from ${finding.subject}`}>
          −{formatCount(finding.points)}
        </span>
      )}
    </li>
  );
}
