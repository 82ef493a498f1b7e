import { useInfiniteQuery, useQueries, useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo, useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { problemOf } from '../../../api/problem.ts';
import { Card } from '../../../ui/card.tsx';
import { DataTable, dataRow } from '../../../ui/data-table.tsx';
import { formatSeconds, formatUsd, formatValue, grouped } from '../../../ui/format.ts';
import { type Look, Mark } from '../../../ui/look.tsx';
import { Button, Empty, PageHeader, ProblemNote, Skeleton } from '../../../ui/primitives.tsx';
import { Segmented } from '../../../ui/segmented.tsx';
import { Select } from '../../../ui/select.tsx';
import { listAddress, runAddress } from '../address.ts';
import { latencyText } from '../looks.ts';
import { type Cell, gridOf, type GridRow, rowsShown, type Shown, turnOf, type Turn } from './grid.ts';
import { lineOf } from './line.ts';
import {
  type Comparison,
  comparisonAddress,
  datasetAddress,
  datasetQueries,
  type Difference,
  type Example,
  type KeyComparison,
  mostRuns,
  type Verdict,
} from './queries.ts';

/** Experiments on one dataset held against the first of them: by score, and example by example down to the run. */
export function ComparisonPage({ id }: { readonly id: string }): ReactNode {
  const names = [...new Set(new URLSearchParams(useSearch()).getAll('of'))];
  const dataset = useQuery(datasetQueries.one(id));
  const [, navigate] = useLocation();
  const [baseline] = names;
  return (
    <>
      <PageHeader title="Compare experiments">
        <Link href={datasetAddress(id)} className="underline">
          {dataset.data?.name ?? 'The dataset'}
        </Link>
        {names.length > 1 && (
          <Select
            label="Against"
            className="max-w-72"
            value={baseline}
            onChange={({ target: { value } }) =>
              navigate(comparisonAddress(id, [value, ...names.filter((name) => name !== value)]), { replace: true })
            }
          >
            {names.map((name) => (
              <option key={name} value={name}>
                against {name}
              </option>
            ))}
          </Select>
        )}
      </PageHeader>
      {baseline === undefined || names.length < 2 ? (
        <div className="card">
          <Empty title="Two experiments are compared, or more" icon="compare">
            Mark them on the page of their dataset.
          </Empty>
        </div>
      ) : (
        <>
          <ScoresCard baseline={baseline} others={names.slice(1)} />
          <ExamplesGrid dataset={id} names={names} />
        </>
      )}
    </>
  );
}

const verdicts: Readonly<Record<Verdict, Look>> = {
  better: { icon: 'up', colour: 'text-ok', label: 'Better' },
  worse: { icon: 'down', colour: 'text-bad', label: 'Worse' },
  unclear: { icon: 'unknown', colour: 'text-ink-2', label: 'Unclear' },
  same: { icon: 'check', colour: 'text-ink-2', label: 'The same' },
};

function ScoresCard({ baseline, others }: { readonly baseline: string; readonly others: readonly string[] }): ReactNode {
  const answers = useQueries({ queries: others.map((name) => datasetQueries.comparison(baseline, name)) });
  const failed = answers.find(({ isError }) => isError);
  if (failed)
    return (
      <Card title="Scores" flush>
        <ProblemNote problem={problemOf(failed.error)} retry={() => void failed.refetch()} />
      </Card>
    );
  if (answers.some(({ data }) => data === undefined)) return <Skeleton className="h-32" />;
  const compared = others.flatMap((name, index) => {
    const answer = answers[index]?.data;
    return answer === undefined ? [] : [{ name, answer }];
  });
  const keys = [...new Set(compared.flatMap(({ answer }) => answer.keys.map(({ key }) => key)))].toSorted();
  const rowsOf = (title: string, of: (answer: Comparison) => Difference | null | undefined, format: (value: number) => string) =>
    compared.flatMap(({ answer, name }) => {
      const difference = of(answer);
      return difference ? [<DifferenceRow key={`${title} ${name}`} title={title} name={name} compared={difference} format={format} />] : [];
    });
  return (
    <Card title="Scores" flush aside={<span className="text-xs text-ink-3">on the examples that both have; 95 % intervals</span>}>
      <DataTable
        label={`Scores against ${baseline}`}
        columns={[
          { title: 'Score' },
          { title: 'Experiment' },
          { title: 'Before', right: true },
          { title: 'Now', right: true },
          { title: 'Difference', right: true },
          { title: 'Examples better, worse', right: true },
          { title: 'Verdict' },
        ]}
      >
        {keys.flatMap((key) =>
          rowsOf(
            key,
            ({ keys: all }) => all.find((each) => each.key === key),
            (value) => formatValue(value, ''),
          ),
        )}
        {rowsOf('Time an example', ({ latency }) => latency, formatSeconds)}
        {rowsOf('Cost an example', ({ cost }) => cost, formatUsd)}
        {compared.map(({ answer: { failures }, name }) => (
          <tr key={`failures ${name}`} className={dataRow}>
            <th scope="row">Failed examples</th>
            <td className="[overflow-wrap:anywhere]">{name}</td>
            <td className="text-right">{grouped(failures.baseline)}</td>
            <td className={`text-right font-medium ${failures.candidate > failures.baseline ? 'text-bad' : ''}`}>
              {grouped(failures.candidate)}
            </td>
            <td colSpan={3} />
          </tr>
        ))}
      </DataTable>
    </Card>
  );
}

/** Of a score with how many examples went which way, and what that amounts to; of time and cost the figures alone. */
function DifferenceRow({
  title,
  name,
  compared,
  format,
}: {
  readonly title: string;
  readonly name: string;
  readonly compared: Difference | KeyComparison;
  readonly format: (value: number) => string;
}): ReactNode {
  const { baseline, candidate, difference, interval, n } = compared;
  const score = 'verdict' in compared ? compared : undefined;
  const signed = (value: number): string => {
    const text = format(Math.abs(value));
    return text === format(0) ? text : `${value > 0 ? '+' : '−'}${text}`;
  };
  return (
    <tr className={dataRow}>
      <th scope="row" className={score ? 'font-medium' : ''}>
        {title}
      </th>
      <td className="[overflow-wrap:anywhere]">{name}</td>
      <td className="text-right">{format(baseline)}</td>
      <td className="text-right font-medium">{format(candidate)}</td>
      <td className="text-right whitespace-nowrap">
        {signed(difference)}
        {interval && (
          <span className="block text-xs text-ink-3">
            {signed(interval[0])} to {signed(interval[1])}
          </span>
        )}
      </td>
      <td className="text-right whitespace-nowrap">
        {score && `${grouped(score.wins)}, ${grouped(score.losses)} of `}
        {grouped(n)}
      </td>
      <td>{score && <Mark look={verdicts[score.verdict]} />}</td>
    </tr>
  );
}

const ways = [
  { value: '', label: 'All' },
  { value: 'worse', label: 'Got worse' },
  { value: 'better', label: 'Got better' },
  { value: 'changed', label: 'Changed' },
] as const satisfies readonly { readonly value: Shown; readonly label: string }[];

/** Rows drawn at a time. */
const atOnce = 100;

function ExamplesGrid({ dataset, names }: { readonly dataset: string; readonly names: readonly string[] }): ReactNode {
  const answers = useQueries({ queries: names.map((name) => datasetQueries.trials(name)) });
  const examples = useInfiniteQuery(datasetQueries.examples(dataset, ''));
  const [shown, setShown] = useState<Shown>('');
  const [room, setRoom] = useState(atOnce);
  const known = useMemo(
    () => new Map(examples.data?.pages.flatMap(({ items }) => items.map((example) => [example.example_id, example] as const)) ?? []),
    [examples.data],
  );
  // Examples come a page at a time: those of rows that are shown are wanted, and there are no more rows than runs.
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = examples;
  const failed = answers.find(({ isError }) => isError);
  const trials = answers.map(({ data }) => data);
  const isPending = trials.includes(undefined);
  const stamp = answers.map(({ dataUpdatedAt }) => dataUpdatedAt).join(' ');
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the list of answers is another every time; when they came says whether they are
  const rows = useMemo(() => (isPending ? [] : gridOf(trials.map((runs) => runs ?? []))), [stamp, isPending]);
  const fitting = useMemo(() => rowsShown(rows, shown), [rows, shown]);
  const missing = fitting.slice(0, room).some(({ exampleId }) => !known.has(exampleId));
  if (missing && hasNextPage && !isFetchingNextPage) queueMicrotask(() => void fetchNextPage());
  return (
    <Card
      title="Example by example"
      flush
      aside={
        <>
          <span aria-live="polite" className="text-xs text-ink-3">
            {isPending ? '' : `${grouped(fitting.length)} of ${grouped(rows.length)}`}
          </span>
          <Segmented<Shown> legend="Which examples" options={ways} value={shown} onChange={setShown} />
        </>
      }
    >
      {failed ? (
        <ProblemNote problem={problemOf(failed.error)} retry={() => void failed.refetch()} />
      ) : isPending ? (
        <div className="p-4">
          <Skeleton className="h-24" />
        </div>
      ) : fitting.length === 0 ? (
        <Empty title={rows.length === 0 ? 'They ran no example' : 'No example did'} icon="search" />
      ) : (
        <>
          {trials.some((runs) => (runs?.length ?? 0) >= mostRuns) && (
            <p className="px-4 py-2 text-warn">
              These experiments are large: only their first {grouped(mostRuns)} runs are laid side by side.
            </p>
          )}
          <Grid rows={fitting.slice(0, room)} names={names} known={known} />
          {fitting.length > room && (
            <div className="border-t border-line p-2 text-center">
              <Button kind="ghost" onClick={() => setRoom(room + atOnce)}>
                Show {grouped(Math.min(atOnce, fitting.length - room))} more
              </Button>
            </div>
          )}
        </>
      )}
    </Card>
  );
}

function Grid({
  rows,
  names,
  known,
}: {
  readonly rows: readonly GridRow[];
  readonly names: readonly string[];
  readonly known: ReadonlyMap<string, Example>;
}): ReactNode {
  return (
    <div className="min-w-0 overflow-x-auto" role="region" aria-label="Examples against experiments" tabIndex={0}>
      <table className="w-full table-fixed border-collapse text-left" style={{ minWidth: `${16 + 16 * names.length}rem` }}>
        <caption className="sr-only">Examples against experiments; each answer leads to its run</caption>
        <thead className="text-xs text-ink-2">
          <tr className="border-b border-line [&>th]:px-3 [&>th]:py-2 [&>th]:font-medium [&>th:first-child]:pl-4">
            <th scope="col">Example</th>
            {names.map((name, index) => (
              <th key={name} scope="col" className="[overflow-wrap:anywhere]">
                <Link href={listAddress({ project: name, range: '' })} className="hover:underline">
                  {name}
                </Link>
                {index === 0 && <span className="block font-normal text-ink-3">what the others are held against</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ cells, exampleId }) => {
            const example = known.get(exampleId);
            const [first] = cells;
            return (
              <tr
                key={exampleId}
                className="border-b border-line align-top last:border-0 [&>*]:px-3 [&>*]:py-2.5 [&>*:first-child]:pl-4 [&>th]:text-left [&>th]:font-normal"
              >
                <th scope="row">
                  <span className="line-clamp-3 [overflow-wrap:anywhere]">
                    {example ? lineOf(example.inputs) : (first?.run.inputs_preview ?? exampleId)}
                  </span>
                  {example && example.outputs !== null && (
                    <span className="mt-1 line-clamp-2 text-xs text-ink-2 [overflow-wrap:anywhere]">
                      <span className="text-ink-3">Expected: </span>
                      {lineOf(example.outputs)}
                    </span>
                  )}
                </th>
                {cells.map((cell, index) => (
                  <td key={names[index]}>
                    <Answer cell={cell} before={index === 0 ? undefined : first} isFirst={index === 0} />
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const turns: Readonly<Record<Turn, Look | undefined>> = {
  better: { icon: 'up', colour: 'text-ok', label: 'better' },
  worse: { icon: 'down', colour: 'text-bad', label: 'worse' },
  mixed: { icon: 'compare', colour: 'text-warn', label: 'better and worse' },
  same: undefined,
  unknown: undefined,
};

function Answer({
  cell,
  before,
  isFirst,
}: {
  readonly cell: Cell | undefined;
  readonly before: Cell | undefined;
  readonly isFirst: boolean;
}): ReactNode {
  if (cell === undefined) return <span className="text-ink-3">was not run</span>;
  const { hasFailed, run, runs, scores } = cell;
  const turn = isFirst ? undefined : turns[turnOf(before, cell)];
  return (
    <>
      <Link href={runAddress(run)} className={`line-clamp-3 [overflow-wrap:anywhere] hover:underline ${hasFailed ? 'text-bad' : ''}`}>
        {run.error_preview ?? run.outputs_preview ?? 'no answer'}
      </Link>
      <span className="mt-1 flex flex-wrap items-center gap-x-2 gap-y-1 text-xs">
        {turn && <Mark look={turn} />}
        {[...scores].map(([key, score]) => (
          <span key={key} className="rounded-sm bg-raised px-1.5 whitespace-nowrap">
            <span className="text-ink-2">{key}</span> <span className="font-medium">{formatValue(score, '')}</span>
          </span>
        ))}
        <span className="text-ink-3">
          {latencyText(run.latency_seconds)}
          {runs > 1 && `, ${grouped(runs)} runs`}
        </span>
      </span>
    </>
  );
}
