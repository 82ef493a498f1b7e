import { useQueries, type UseQueryResult } from '@tanstack/react-query';
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { type ApiProblem, problemOf } from '../api/problem.ts';
import { queries, type TimedAnswer } from '../api/queries.ts';
import { serverNow } from '../api/server-clock.ts';
import { ChartPanel } from './panel.tsx';
import type { Range } from './range.ts';
import { type ChartSpec, linesOf } from './spec.ts';

export interface MetricChartProps {
  readonly spec: ChartSpec;
  readonly range: Range;
  readonly agentId?: string;
  /** Nothing can have been measured before, ms since 1970: the chart of a fleet one minute old shows that minute, and not a void before it. */
  readonly notBefore?: number | undefined;
}

const shortestSeconds = 120;

/** A chart of stored metrics that asks for them while it can be seen. */
export function MetricChart({ spec, range, agentId, notBefore }: MetricChartProps): ReactNode {
  const [ref, seen] = useSeen();
  const { answers, asOf, failure } = useQueries({
    queries: spec.lines.map((line) => ({
      ...queries.range({
        name: line.metric,
        aggregate: line.aggregate,
        agentId,
        seconds: range.seconds,
        points: range.points,
        everyMs: range.everyMs,
      }),
      enabled: seen,
    })),
    combine,
  });
  const series = useMemo(
    () => (answers.includes(undefined) ? undefined : spec.lines.flatMap((line, index) => linesOf(line, answers[index]?.items ?? []))),
    [answers, spec],
  );
  // The right edge moves with the answers, and goes on moving without them: silence must be seen as a growing gap.
  const to = useEdge(asOf, range.everyMs);
  const rangeSeconds =
    notBefore === undefined ? range.seconds : Math.min(range.seconds, Math.max(shortestSeconds, (to - notBefore) / 1_000));
  return (
    <div ref={ref} className="min-w-0">
      <ChartPanel
        title={spec.title}
        note={spec.note}
        exact={spec.exact}
        unit={spec.unit}
        floor={spec.floor ?? 'zero'}
        absence={spec.absence}
        series={series}
        problem={failure}
        to={to}
        rangeSeconds={rangeSeconds}
        stepMs={answers[0]?.step_ms ?? range.everyMs}
        syncKey="metrics"
      />
    </div>
  );
}

interface Combined {
  readonly answers: readonly (TimedAnswer | undefined)[];
  readonly asOf: number;
  readonly failure: ApiProblem | undefined;
}

function combine(results: readonly UseQueryResult<TimedAnswer>[]): Combined {
  const failed = results.find((result) => result.isError && result.data === undefined);
  return {
    answers: results.map((result) => result.data),
    asOf: Math.max(0, ...results.map((result) => result.data?.asOf ?? 0)),
    failure: failed ? problemOf(failed.error) : undefined,
  };
}

function useEdge(asOf: number, everyMs: number): number {
  const [edge, setEdge] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => setEdge(serverNow()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return Math.max(edge, asOf);
}

/** Whether it has come near the screen, and while it stays there. */
function useSeen(): readonly [React.RefObject<HTMLDivElement | null>, boolean] {
  const ref = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    const observer = new IntersectionObserver(([entry]) => setSeen(entry?.isIntersecting ?? false), { rootMargin: '200px' });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, seen];
}
