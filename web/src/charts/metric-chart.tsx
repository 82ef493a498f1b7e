import { useQueries } from '@tanstack/react-query';
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { problemOf } from '../api/problem.ts';
import { queries } from '../api/queries.ts';
import { serverNow } from '../api/server-clock.ts';
import { ChartPanel } from './panel.tsx';
import type { Range } from './range.ts';
import { type ChartSpec, linesOf } from './spec.ts';

/** A chart of stored metrics that asks for them while it can be seen. */
export function MetricChart({ spec, range, agentId, labels, height }: { readonly spec: ChartSpec; readonly range: Range; readonly agentId?: string; readonly labels?: Readonly<Record<string, string>>; readonly height?: number }): ReactNode {
  const [ref, seen] = useSeen();
  const answers = useQueries({
    queries: spec.lines.map((line) => ({
      ...queries.range({ name: line.metric, aggregate: line.aggregate, agentId, labels, seconds: range.seconds, points: range.points, everyMs: range.everyMs }),
      enabled: seen,
    })),
  });
  const data = answers.map((answer) => answer.data);
  const updatedAt = Math.max(...answers.map((answer) => answer.dataUpdatedAt));
  // Drawn anew when an answer came, not when something else on the page changed.
  const series = useMemo(
    () => (data.includes(undefined) ? undefined : spec.lines.flatMap((line, index) => linesOf(line, data[index]?.items ?? []))),
    [updatedAt, spec, data.includes(undefined)],
  );
  const failure = answers.find((answer) => answer.isError && answer.data === undefined);
  // The right edge moves with the answers, and goes on moving without them: silence must be seen as a growing gap.
  const to = useEdge(updatedAt, range.everyMs);
  return (
    <div ref={ref} className="min-w-0">
      <ChartPanel
        title={spec.title}
        note={spec.note}
        unit={spec.unit}
        floor={spec.floor ?? 'zero'}
        absence={spec.absence}
        series={series}
        problem={failure ? problemOf(failure.error) : undefined}
        to={to}
        rangeSeconds={range.seconds}
        stepMs={data[0]?.step_ms ?? range.everyMs}
        syncKey="metrics"
        {...(height === undefined ? {} : { height })}
      />
    </div>
  );
}

function useEdge(updatedAt: number, everyMs: number): number {
  const [edge, setEdge] = useState(serverNow);
  useEffect(() => {
    setEdge(serverNow());
    const timer = setInterval(() => setEdge(serverNow()), everyMs);
    return () => clearInterval(timer);
  }, [updatedAt, everyMs]);
  return edge;
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
