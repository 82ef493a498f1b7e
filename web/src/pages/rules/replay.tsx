import { useMutation, useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo, useState } from 'react';
import { call } from '../../api/client.ts';
import { problemOf } from '../../api/problem.ts';
import type { AlertLevel, RangeAnswer, Series } from '../../api/types.ts';
import { bridge, type ChartSeries } from '../../charts/align.ts';
import { ChartPanel } from '../../charts/panel.tsx';
import { Card } from '../../ui/card.tsx';
import { DataTable, dataRow } from '../../ui/data-table.tsx';
import { FormProblem } from '../../ui/form-dialog.tsx';
import { formatDuration, formatMoment, formatValue } from '../../ui/format.ts';
import { Mark } from '../../ui/look.tsx';
import { Button } from '../../ui/primitives.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { levelLooks } from '../alerts/looks.ts';
import { type Lane, lanesOf, lengthOf, verdictOf } from './lanes.ts';
import type { Definition, Replay } from './types.ts';

const spans = [
  { value: '1h', label: '1 h', spoken: '1 hour' },
  { value: '6h', label: '6 h', spoken: '6 hours' },
  { value: '24h', label: '24 h', spoken: '24 hours' },
  { value: '7d', label: '7 d', spoken: '7 days' },
] as const;
type Span = (typeof spans)[number]['value'];
const spanMs: Readonly<Record<Span, number>> = { '1h': 3_600_000, '6h': 21_600_000, '24h': 86_400_000, '7d': 604_800_000 };

const mostLanes = 12;
const mostLines = 4;
const mostRows = 50;

/** Judges what is stored by a rule, as it is written now, and draws when it would have fired. */
export function ReplayCard({ definition }: { readonly definition: Readonly<Record<string, unknown>> | Definition }): ReactNode {
  const [span, setSpan] = useState<Span>('6h');
  const replay = useMutation({
    mutationFn: async (asked: { readonly rule: object; readonly span: Span }) => {
      const from = new Date(Date.now() - spanMs[asked.span]).toISOString();
      return {
        rule: asked.rule as Definition,
        answer: await call<Replay>('/rules/test', { method: 'POST', body: { rule: asked.rule, from } }),
      };
    },
  });
  return (
    <Card
      title="When would it have fired?"
      aside={
        <>
          <Segmented<Span> legend="How far back" options={spans} value={span} onChange={setSpan} />
          <Button icon="run_now" disabled={replay.isPending} onClick={() => replay.mutate({ rule: definition, span })}>
            Replay
          </Button>
        </>
      }
    >
      <div aria-live="polite" className="flex min-w-0 flex-col gap-3">
        {replay.isError ? (
          <FormProblem problem={problemOf(replay.error)} />
        ) : replay.isPending ? (
          <p className="text-ink-2">Reading what is stored…</p>
        ) : replay.data === undefined ? (
          <p className="text-ink-2">
            A replay judges what is stored by the very same evaluation as in service. Nothing is written, and nobody is told.
          </p>
        ) : (
          <Answer {...replay.data} />
        )}
      </div>
    </Card>
  );
}

function Answer({ rule, answer }: { readonly rule: Definition; readonly answer: Replay }): ReactNode {
  const lanes = useMemo(() => lanesOf(answer), [answer]);
  return (
    <>
      <p className="font-medium">
        {verdictOf(answer)}
        {answer.is_truncated && <span className="text-warn"> There is more than a replay looks at: this is a part.</span>}
      </p>
      {answer.series > 0 && <History rule={rule} answer={answer} lanes={lanes} />}
      {lanes.length > 0 && <Lanes lanes={lanes} answer={answer} />}
      {answer.firings.length > 0 && <Firings answer={answer} />}
    </>
  );
}

/** What was measured, and the lines it was held against. */
function History({
  rule,
  answer,
  lanes,
}: {
  readonly rule: Definition;
  readonly answer: Replay;
  readonly lanes: readonly Lane[];
}): ReactNode {
  const aggregate = rule.kind === 'rate' ? 'rate' : rule.operator.startsWith('<') ? 'min' : 'max';
  const { data, error, isError } = useQuery({
    queryKey: ['replayed', rule.metric_name, rule.match, aggregate, answer.from, answer.to],
    queryFn: ({ signal }) =>
      call<RangeAnswer>('/metrics/query', {
        query: {
          name: rule.metric_name,
          aggregate,
          points: 300,
          from: answer.from,
          to: answer.to,
          limit: 50,
          ...Object.fromEntries(Object.entries(rule.match ?? {}).map(([label, value]) => [`label.${label}`, value])),
        },
        signal,
      }),
    staleTime: Infinity,
  });
  const series = useMemo(() => data && linesOf(data.items, rule, answer, lanes), [data, rule, answer, lanes]);
  const [from, to] = [Date.parse(answer.from), Date.parse(answer.to)];
  return (
    <ChartPanel
      title={rule.metric_name ?? ''}
      exact
      unit={data?.items[0]?.unit ?? ''}
      series={series}
      problem={isError ? problemOf(error) : undefined}
      absence="Nothing was measured in this time."
      to={to}
      rangeSeconds={(to - from) / 1_000}
      // It is about the past: nothing in it is too old.
      stepMs={to - from}
      height={180}
      syncKey="replay"
    />
  );
}

function linesOf(items: readonly Series[], rule: Definition, answer: Replay, lanes: readonly Lane[]): readonly ChartSeries[] {
  const rank = new Map(lanes.map(({ target }, index) => [target, index]));
  const place = (series: Series): number => rank.get(targetOf(series)) ?? lanes.length;
  const shown = items.toSorted((a, b) => place(a) - place(b)).slice(0, mostLines);
  const [from, to] = [Date.parse(answer.from), Date.parse(answer.to)];
  // What a forecast or a ratio is compared with is not what is drawn.
  const compares = rule.kind === 'threshold' || rule.kind === 'rate';
  const levels = !compares ? [] : (rule.levels ?? (rule.threshold === undefined ? [] : [{ level: rule.level, threshold: rule.threshold }]));
  return [
    ...shown.map((each) => ({ label: targetOf(each) === '' ? (rule.metric_name ?? '') : targetOf(each), points: bridge(each.points) })),
    ...levels.slice(0, 2).map(({ level, threshold }) => ({
      label: `${level} ${rule.operator}`,
      points: [
        [from, threshold],
        [to, threshold],
      ] as const,
    })),
  ];
}

/** As rules name a series: its labels, and its agent as one of them. */
function targetOf({ agent_id: agent, labels }: Series): string {
  return Object.entries(agent === '' ? labels : { ...labels, agent })
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => `${label}=${value}`)
    .join(',');
}

const fills: Readonly<Record<AlertLevel, string>> = {
  info: 'fill-idle',
  warning: 'fill-warn',
  critical: 'fill-bad',
  emergency: 'fill-bad',
};

/** A row a target, a bar each time; under the chart, with the same ends. */
function Lanes({ lanes, answer }: { readonly lanes: readonly Lane[]; readonly answer: Replay }): ReactNode {
  const now = Date.parse(answer.to);
  return (
    <div className="flex min-w-0 flex-col gap-1.5 pr-3 pl-[50px]">
      {lanes.slice(0, mostLanes).map((lane) => {
        const name = lane.target === '' ? 'all of it' : lane.target;
        const times = lane.bars.length === 1 ? 'once' : `${lane.bars.length} times`;
        return (
          <div key={lane.target} className="min-w-0">
            <p className="flex gap-3 text-2xs text-ink-2">
              <span className="min-w-0 truncate font-mono" title={name}>
                {name}
              </span>
              <span className="ml-auto whitespace-nowrap text-ink-3">
                {times}, {formatDuration(lane.firingMs)}
              </span>
            </p>
            <svg
              role="img"
              aria-label={`${name} would have fired ${times}, for ${formatDuration(lane.firingMs)} in all`}
              viewBox="0 0 1000 12"
              preserveAspectRatio="none"
              className="block h-3 w-full rounded-sm bg-raised"
            >
              {lane.bars.map((bar, index) => (
                <rect
                  key={index}
                  x={Math.min(997, bar.from * 1_000)}
                  width={Math.max(3, (bar.to - bar.from) * 1_000)}
                  // Shorter for what is milder, so that nobody needs the colour.
                  y={bar.level === 'warning' ? 4 : bar.level === 'info' ? 7 : 0}
                  height={12}
                  className={fills[bar.level]}
                >
                  <title>{bar.title}</title>
                </rect>
              ))}
            </svg>
          </div>
        );
      })}
      <p className="flex justify-between text-2xs text-ink-3">
        <span>{formatMoment(Date.parse(answer.from), now)}</span>
        {lanes.length > mostLanes && <span>{lanes.length - mostLanes} more targets in the table</span>}
        <span>{formatMoment(now, now)}</span>
      </p>
    </div>
  );
}

function Firings({ answer }: { readonly answer: Replay }): ReactNode {
  const end = Date.parse(answer.to);
  return (
    <DataTable
      label="When it would have fired, newest first"
      columns={[
        { title: 'Level' },
        { title: 'Target' },
        { title: 'Fired' },
        { title: 'For', right: true },
        { title: 'Value', right: true },
      ]}
    >
      {answer.firings
        .toReversed()
        .slice(0, mostRows)
        .map((firing) => (
          <tr key={`${firing.target} ${firing.fired_at} ${firing.level}`} className={dataRow}>
            <td>
              <Mark look={levelLooks[firing.level]} />
            </td>
            <th scope="row">
              <code className="[overflow-wrap:anywhere]">{firing.target === '' ? 'all of it' : firing.target}</code>
              <span className="block text-xs text-ink-2 [overflow-wrap:anywhere]">{firing.explanation}</span>
            </th>
            <td className="whitespace-nowrap">
              <time dateTime={firing.fired_at}>{formatMoment(Date.parse(firing.fired_at), end)}</time>
            </td>
            <td className="text-right whitespace-nowrap">
              {formatDuration(lengthOf(firing, end))}
              {firing.ended_at === null && <span className="block text-xs text-ink-3">and still</span>}
            </td>
            <td className="text-right whitespace-nowrap">{formatValue(firing.value, '')}</td>
          </tr>
        ))}
    </DataTable>
  );
}
