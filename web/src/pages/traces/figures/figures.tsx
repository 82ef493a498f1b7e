import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { problemOf } from '../../../api/problem.ts';
import { ChartPanel } from '../../../charts/panel.tsx';
import { Answered } from '../../../ui/answered.tsx';
import { formatCount, formatDuration, formatRatio, formatSeconds, formatValue, grouped, words } from '../../../ui/format.ts';
import { AsOf, PageHeader } from '../../../ui/primitives.tsx';
import { Segmented } from '../../../ui/segmented.tsx';
import { Select } from '../../../ui/select.tsx';
import { emptyView, listAddress, viewBehind } from '../address.ts';
import { ProjectSelect } from '../list/filter-bar.tsx';
import { formatCost } from '../money.ts';
import { settingsQueries } from '../settings/queries.ts';
import { allMetrics, figureCharts, linesOf } from './charts.ts';
import { GroupTable } from './group-table.tsx';
import { type FigureQuestion, figureQueries } from './queries.ts';
import { type Figures, type Grouping, groupings, type Order, orders, type Provenance, type SeriesAnswer } from './types.ts';

const spans = [
  { value: '1h', label: '1 h', spoken: '1 hour' },
  { value: '24h', label: '24 h', spoken: '24 hours' },
  { value: '7d', label: '7 d', spoken: '7 days' },
  { value: '30d', label: '30 d', spoken: '30 days' },
] as const;
type Span = (typeof spans)[number]['value'];
const secondsOf: Readonly<Record<Span, number>> = { '1h': 3_600, '24h': 86_400, '7d': 604_800, '30d': 2_592_000 };

interface Shown {
  readonly project: string;
  readonly span: Span;
  readonly by: Grouping | '';
  readonly order: Order;
}

function shownOf(search: string): Shown {
  const given = new URLSearchParams(search);
  return {
    project: given.get('project') ?? '',
    span: spans.find(({ value }) => value === given.get('range'))?.value ?? '24h',
    by: groupings.find((each) => each === given.get('by')) ?? '',
    order: orders.find((each) => each === given.get('order')) ?? 'runs',
  };
}

/** What conversations add up to: how many, how fast, how dear; and from each point the way to its runs. */
export function FiguresPage(): ReactNode {
  const search = useSearch();
  const [, navigate] = useLocation();
  const shown = useMemo(() => shownOf(search), [search]);
  const set = (change: Partial<Shown>): void => {
    const { by, order, project, span } = { ...shown, ...change };
    const next = new URLSearchParams({
      ...(project === '' ? {} : { project }),
      ...(span === '24h' ? {} : { range: span }),
      ...(by === '' ? {} : { by }),
      ...(order === 'runs' ? {} : { order }),
    }).toString();
    navigate(next === '' ? '/traces/figures' : `/traces/figures?${next}`, { replace: true });
  };
  const question: FigureQuestion = useMemo(
    () => ({ project: shown.project, seconds: secondsOf[shown.span], groupBy: shown.by, orderBy: shown.order }),
    [shown],
  );
  const stats = useQuery(figureQueries.stats(question));
  const series = useQuery(figureQueries.series(question, allMetrics));
  return (
    <>
      <PageHeader title="Figures" note={<AsOf at={stats.dataUpdatedAt} staleAfterMs={60_000} />}>
        {stats.data && <Counted provenance={stats.data.provenance} />}
      </PageHeader>
      <search className="flex flex-wrap items-center gap-2">
        <ProjectSelect value={shown.project} onChange={(project) => set({ project })} />
        <Segmented<Span> legend="How far back" options={spans} value={shown.span} onChange={(span) => set({ span })} />
        <Select label="By what" value={shown.by} onChange={(event) => set({ by: event.target.value as Grouping | '' })}>
          <option value="">All together</option>
          {groupings.map((each) => (
            <option key={each} value={each}>
              By {words(each)}
            </option>
          ))}
        </Select>
      </search>
      <Answered query={stats}>
        {({ from, groups, items, total }) => (
          <>
            <Totals figures={total} project={shown.project} from={from} />
            <Charts answer={series.data} problem={series.isError && !series.data ? series.error : undefined} question={question} />
            {shown.by !== '' && (
              <GroupTable
                by={shown.by}
                items={items}
                groups={groups}
                order={shown.order}
                onOrder={(order) => set({ order })}
                project={shown.project}
                range={{ from }}
              />
            )}
          </>
        )}
      </Answered>
    </>
  );
}

/** How far the figures can be trusted. */
function Counted({ provenance }: { readonly provenance: Provenance }): ReactNode {
  const { counted_up_to: upTo, is_estimate: isEstimate, lag_seconds: lag, percentile_error: error, source } = provenance;
  return (
    <p className="text-xs text-ink-3">
      {source === 'rollups' ? `percentiles within ${formatRatio(error)}` : 'of the newest runs, exact'}
      {isEstimate && ', an estimate: a client samples'}
      {upTo !== null && lag > 30 && <span className="text-warn">, counted up to {formatValue(lag, 'seconds')} ago</span>}
    </p>
  );
}

function Totals({ figures, project, from }: { readonly figures: Figures; readonly project: string; readonly from: string }): ReactNode {
  const parts = [
    [figures.cached_tokens, 'cached'],
    [figures.reasoning_tokens, 'reasoning'],
    [figures.audio_tokens, 'audio'],
  ] as const;
  const known = parts.filter(([amount]) => amount > 0);
  return (
    <ul aria-label="In this time" className="grid grid-cols-2 gap-4 sm:grid-cols-3 xl:grid-cols-6">
      <Tile name="Runs" note={`${formatCount(figures.traces)} traces, ${formatCount(figures.calls)} calls of models`}>
        {formatCount(figures.runs)}
      </Tile>
      <Tile
        name="Errors"
        note={figures.error_rate === null ? '' : formatRatio(figures.error_rate)}
        href={figures.errors > 0 ? listAddress({ project, status: 'error', all: true, from }) : undefined}
      >
        {formatCount(figures.errors)}
      </Tile>
      <Tile
        name="Latency, 95 %"
        note={figures.latency_p50_seconds === null ? '' : `of traces; half within ${formatSeconds(figures.latency_p50_seconds)}`}
      >
        {figures.latency_p95_seconds === null ? '–' : formatSeconds(figures.latency_p95_seconds)}
      </Tile>
      <Tile
        name="First token, 95 %"
        note={figures.first_token_p50_seconds === null ? '' : `half within ${formatSeconds(figures.first_token_p50_seconds)}`}
      >
        {figures.first_token_p95_seconds === null ? '–' : formatSeconds(figures.first_token_p95_seconds)}
      </Tile>
      <Tile
        name="Tokens"
        note={known.length === 0 ? '' : `of them ${known.map(([amount, name]) => `${formatCount(amount)} ${name}`).join(', ')}`}
      >
        {formatCount(figures.total_tokens)}
      </Tile>
      <Tile name="Cost" note={<CostByHour cost={figures.cost_per_hour} project={project} />}>
        {formatCost(figures.total_cost)}
        {figures.unpriced_runs > 0 && (
          <Link href={listAddress({ project, unpriced: true, from })} className="mt-0.5 block text-xs font-normal text-warn underline">
            {grouped(figures.unpriced_runs)} without a price
          </Link>
        )}
      </Tile>
    </ul>
  );
}

/** What it costs an hour, and what it may. */
function CostByHour({ cost, project }: { readonly cost: string; readonly project: string }): ReactNode {
  const general = useQuery({ ...settingsQueries.general(), enabled: project === '' });
  const own = useQuery({ ...settingsQueries.project(project), enabled: project !== '' });
  const budget = (project === '' ? general.data : own.data?.effective)?.budget.usd_per_hour ?? null;
  const isOver = project !== '' && budget !== null && Number(cost) > budget;
  return (
    <span className={isOver ? 'text-bad' : ''}>
      {formatCost(cost)} an hour{budget !== null && `, of ${formatCost(budget)} ${project === '' ? 'for each project' : 'that it may'}`}
    </span>
  );
}

function Tile({
  name,
  note,
  href,
  children,
}: {
  readonly name: string;
  readonly note: ReactNode;
  readonly href?: string | undefined;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <li className="card min-w-0 p-3.5">
      <p className="text-xs text-ink-2">{name}</p>
      <div className="text-xl font-medium">
        {href === undefined ? (
          children
        ) : (
          <Link href={href} className="underline decoration-line-strong hover:decoration-current">
            {children}
          </Link>
        )}
      </div>
      <p className="text-xs text-ink-3">{note === '' ? '\u00a0' : note}</p>
    </li>
  );
}

function Charts({
  answer,
  problem,
  question,
}: {
  readonly answer: SeriesAnswer | undefined;
  readonly problem: unknown;
  readonly question: FigureQuestion;
}): ReactNode {
  const [, navigate] = useLocation();
  const isGrouped = question.groupBy !== '';
  const charts = useMemo(
    () => figureCharts.map((chart) => ({ chart, lines: answer && linesOf(chart, answer.items, isGrouped) })),
    [answer, isGrouped],
  );
  const to = answer ? Date.parse(answer.to) : 0;
  return (
    <section aria-label="Over time">
      <div className="mb-2 flex items-baseline gap-3">
        <h2 className="text-sm font-semibold">Over time</h2>
        <span className="text-xs text-ink-3">A click on a point opens its runs</span>
      </div>
      <div className="grid gap-4 md:grid-cols-2 2xl:grid-cols-3">
        {charts.map(({ chart, lines }) => (
          <ChartPanel
            key={chart.title}
            title={
              isGrouped
                ? `${chart.title}${chart.metrics[0]?.label.includes('%') === true ? `, ${chart.metrics[0].label}` : ''}`
                : chart.title
            }
            note={answer && `each ${formatDuration(answer.step_ms)}`}
            unit={chart.unit}
            series={lines}
            problem={problem === undefined ? undefined : problemOf(problem)}
            absence={chart.absence}
            to={to}
            rangeSeconds={question.seconds}
            // Nobody talks all the time: silence is no staleness here.
            stepMs={question.seconds * 1_000}
            height={128}
            syncKey="traces"
            onPick={(at, line) => {
              const source = lines?.[line]?.source;
              if (answer === undefined || source === undefined || source.runs_query === null) return;
              const view = viewBehind(source.runs_query, at, at + answer.step_ms);
              navigate(listAddress({ ...emptyView, ...view, ...(source.metric === 'errors' ? { status: 'error' as const } : {}) }));
            }}
          />
        ))}
      </div>
    </section>
  );
}
