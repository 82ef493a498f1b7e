import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { problemOf } from '../../../api/problem.ts';
import { serverNow } from '../../../api/server-clock.ts';
import { ChartPanel } from '../../../charts/panel.tsx';
import { Answered } from '../../../ui/answered.tsx';
import { Card } from '../../../ui/card.tsx';
import { DataTable, dataRow } from '../../../ui/data-table.tsx';
import { formatDuration, formatRatio, formatValue, grouped, words } from '../../../ui/format.ts';
import { AsOf, Empty, PageHeader } from '../../../ui/primitives.tsx';
import { Segmented } from '../../../ui/segmented.tsx';
import { listAddress } from '../address.ts';
import { ProjectSelect } from '../list/filter-bar.tsx';
import { JudgesCard } from './judges.tsx';
import { qualityQueries, type Score, type ScoreSeries } from './queries.ts';
import { RulesCard } from './rules.tsx';

const spans = [
  { value: '24h', label: '24 h', spoken: '24 hours' },
  { value: '7d', label: '7 d', spoken: '7 days' },
  { value: '30d', label: '30 d', spoken: '30 days' },
] as const;
type Span = (typeof spans)[number]['value'];
const secondsOf: Readonly<Record<Span, number>> = { '24h': 86_400, '7d': 604_800, '30d': 2_592_000 };
const everyMs = 30_000;
/** Below it, a score is none that anybody wants. */
const failing = 0.5;
const sources: Readonly<Record<string, string>> = { heuristic: 'rules', model: 'judges', api: 'applications', app: 'people' };

/** How good answers are, as rules, judges, applications and people see it, and where that goes. */
export function QualityPage(): ReactNode {
  const search = useSearch();
  const [, navigate] = useLocation();
  const given = new URLSearchParams(search);
  const project = given.get('project') ?? '';
  const span = spans.find(({ value }) => value === given.get('range'))?.value ?? '7d';
  const set = (change: { readonly project?: string; readonly span?: Span }): void => {
    const next = new URLSearchParams();
    const wanted = { project, span, ...change };
    if (wanted.project !== '') next.set('project', wanted.project);
    if (wanted.span !== '7d') next.set('range', wanted.span);
    navigate(next.size === 0 ? '/traces/quality' : `/traces/quality?${next.toString()}`, { replace: true });
  };
  const scores = useQuery(qualityQueries.scores(project, secondsOf[span]));
  const series = useQuery(qualityQueries.series(project, secondsOf[span]));
  return (
    <>
      <PageHeader title="Quality" note={<AsOf at={scores.dataUpdatedAt} staleAfterMs={90_000} />} />
      <search className="flex flex-wrap items-center gap-2">
        <ProjectSelect value={project} onChange={(value) => set({ project: value })} />
        <Segmented<Span> legend="How far back" options={spans} value={span} onChange={(value) => set({ span: value })} />
      </search>
      <Answered query={scores}>
        {({ from, items }) =>
          items.length === 0 ? (
            <div className="card">
              <Empty title="Nothing was judged in this time" icon="star">
                Rules judge the answers of models as they come. Feedback of applications and people, sent with LangSmith's SDK or given by
                hand on a run, appears here too.
              </Empty>
            </div>
          ) : (
            <>
              <Trends answer={series.data} problem={series.isError && !series.data ? series.error : undefined} seconds={secondsOf[span]} />
              <ScoreTable items={items} from={from} />
            </>
          )
        }
      </Answered>
      <JudgesCard />
      <RulesCard project={project} />
    </>
  );
}

const mostCharts = 12;

type Series = ScoreSeries['items'][number];

/** From 0 to 1 a mean is a share of what could be; where people give one to five stars, it is not. */
const isShare = (items: readonly Series[]): boolean => items.every(({ points }) => points.every(([, , mean]) => mean >= 0 && mean <= 1));

function byKey(items: readonly Series[]): readonly (readonly [string, readonly Series[]])[] {
  const keys = [...new Set(items.map(({ key }) => key))];
  return keys.map((key) => [key, items.filter((each) => each.key === key)]);
}

function Trends({
  answer,
  problem,
  seconds,
}: {
  readonly answer: ScoreSeries | undefined;
  readonly problem: unknown;
  readonly seconds: number;
}): ReactNode {
  const [, navigate] = useLocation();
  const charts = useMemo(() => byKey(answer?.items ?? []).slice(0, mostCharts), [answer]);
  const to = Math.ceil(serverNow() / everyMs) * everyMs;
  return (
    <section aria-label="Over time">
      <div className="mb-2 flex items-baseline gap-3">
        <h2 className="text-sm font-semibold">Over time</h2>
        <span className="text-xs text-ink-3">A click on a point opens its runs</span>
      </div>
      <div className="grid gap-4 md:grid-cols-2 2xl:grid-cols-3">
        {charts.map(([key, items]) => (
          <ChartPanel
            key={key}
            title={words(key)}
            note={answer && `mean of each ${formatDuration(answer.step_ms)}`}
            unit={isShare(items) ? 'ratio' : ''}
            series={items.slice(0, 5).map((each) => ({
              label: `${each.project}, ${sources[each.source] ?? each.source}`,
              points: each.points.map(([at, , mean]) => [at, mean] as const),
            }))}
            problem={problem === undefined ? undefined : problemOf(problem)}
            absence="Nothing was judged in this time."
            to={to}
            rangeSeconds={seconds}
            stepMs={seconds * 1_000}
            height={128}
            syncKey="scores"
            onPick={(at, line) => {
              const source = items[line];
              if (answer === undefined || source === undefined) return;
              navigate(
                listAddress({
                  project: source.project,
                  filter: `eq(feedback_key, ${JSON.stringify(key)})`,
                  all: true,
                  from: new Date(at).toISOString(),
                  to: new Date(at + answer.step_ms).toISOString(),
                }),
              );
            }}
          />
        ))}
      </div>
    </section>
  );
}

function ScoreTable({ items, from }: { readonly items: readonly Score[]; readonly from: string }): ReactNode {
  return (
    <Card title="Scores" flush>
      <DataTable
        label="Scores, the worst first"
        columns={[
          { title: 'What' },
          { title: 'By' },
          { title: 'Project' },
          { title: 'Scores', right: true },
          { title: 'Mean', right: true },
          { title: 'Failed', right: true },
        ]}
      >
        {items.map(({ failure_share: share, failures, key, mean, n, project, source }) => (
          <tr key={`${project} ${key} ${source}`} className={dataRow}>
            <th scope="row" className="font-medium">
              {words(key)}
            </th>
            <td>{sources[source] ?? source}</td>
            <td className="[overflow-wrap:anywhere]">{project}</td>
            <td className="text-right">{grouped(n)}</td>
            <td className="text-right">{formatValue(mean, '')}</td>
            <td className="text-right">
              {failures === 0 ? (
                '0'
              ) : (
                <Link
                  href={listAddress({
                    project,
                    filter: `and(eq(feedback_key, ${JSON.stringify(key)}), lt(feedback_score, ${failing}))`,
                    all: true,
                    from,
                  })}
                  className="underline"
                >
                  {grouped(failures)} <span className="text-ink-3">({formatRatio(share)})</span>
                </Link>
              )}
            </td>
          </tr>
        ))}
      </DataTable>
    </Card>
  );
}
