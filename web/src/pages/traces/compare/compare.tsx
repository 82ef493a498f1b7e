import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { Answered } from '../../../ui/answered.tsx';
import { Card } from '../../../ui/card.tsx';
import { DataTable, dataRow } from '../../../ui/data-table.tsx';
import { formatSeconds, formatValue, grouped } from '../../../ui/format.ts';
import { Button, Empty, PageHeader } from '../../../ui/primitives.tsx';
import { compareAddress, runAddress } from '../address.ts';
import { nameOf, statusLooks } from '../looks.ts';
import { formatCost } from '../money.ts';
import { traceQueries } from '../queries.ts';
import { detailsOf } from '../trace/details.ts';
import { type Sums, sumsOf, treeOf } from '../trace/tree.ts';
import type { RunDetail } from '../types.ts';
import { DiffCard } from './diff-card.tsx';
import { jsonText, textOf } from './text.ts';

/** Two runs held against each other: their figures, and what was said word by word. */
export function ComparePage(): ReactNode {
  const given = new URLSearchParams(useSearch());
  const [a, b] = [given.get('a') ?? '', given.get('b') ?? ''];
  const [, navigate] = useLocation();
  if (a === '' || b === '')
    return (
      <>
        <PageHeader title="Compare" />
        <div className="card">
          <Empty title="Two runs are compared" icon="compare">
            Mark two in the{' '}
            <Link href="/traces" className="underline">
              list of traces
            </Link>
            , or press Compare on one run and then on another.
          </Empty>
        </div>
      </>
    );
  return (
    <>
      <PageHeader title="Compare two runs">
        <Button icon="compare" onClick={() => navigate(compareAddress(b, a), { replace: true })}>
          The other way around
        </Button>
      </PageHeader>
      <Compared a={a} b={b} />
    </>
  );
}

function Compared({ a, b }: { readonly a: string; readonly b: string }): ReactNode {
  const first = useQuery(traceQueries.run(a));
  const second = useQuery(traceQueries.run(b));
  return (
    <Answered query={first}>
      {(before) => <Answered query={second}>{(after) => <Differences before={before} after={after} />}</Answered>}
    </Answered>
  );
}

function Differences({ before, after }: { readonly before: RunDetail; readonly after: RunDetail }): ReactNode {
  const texts = useMemo(
    () => ({
      inputs: [textOf(before.conversation?.input, before.inputs), textOf(after.conversation?.input, after.inputs)] as const,
      outputs: [textOf(before.conversation?.output, before.outputs), textOf(after.conversation?.output, after.outputs)] as const,
      errors: [jsonText(before.error), jsonText(after.error)] as const,
      parameters: [jsonText(detailsOf(before).parameters), jsonText(detailsOf(after).parameters)] as const,
      metadata: [jsonText(detailsOf(before).metadata), jsonText(detailsOf(after).metadata)] as const,
    }),
    [before, after],
  );
  return (
    <>
      <Figures before={before} after={after} />
      <DiffCard title="Output" texts={texts.outputs} />
      <DiffCard title="Error" texts={texts.errors} />
      <DiffCard title="Input" texts={texts.inputs} />
      <DiffCard title="Parameters" texts={texts.parameters} />
      <DiffCard title="Metadata" texts={texts.metadata} />
    </>
  );
}

/** What each run and those below it used: an agent has neither tokens nor a price of its own. */
function useSums(run: RunDetail): Sums | undefined {
  const { data } = useQuery(traceQueries.tree(run.trace_id));
  return useMemo(() => data && sumsOf(treeOf(data.items, 0), run.run_id), [data, run.run_id]);
}

function Figures({ before, after }: { readonly before: RunDetail; readonly after: RunDetail }): ReactNode {
  const sums = new Map([
    [before, useSums(before)],
    [after, useSums(after)],
  ]);
  const inAll = (run: RunDetail): Sums | undefined => sums.get(run);
  const withTokens = (run: RunDetail): number | null => inAll(run)?.tokens || null;
  const rows: readonly Row[] = [
    ['Status', (run) => statusLooks[run.status].label],
    ['Model', (run) => run.model ?? '–'],
    ['Prompt', (run) => run.prompt ?? '–'],
    ['Latency', (run) => (run.latency_seconds === null ? '–' : formatSeconds(run.latency_seconds)), (run) => run.latency_seconds],
    [
      'First token',
      (run) => (run.first_token_seconds === null ? '–' : formatSeconds(run.first_token_seconds)),
      (run) => run.first_token_seconds,
    ],
    ['Input tokens', (run) => (run.prompt_tokens === null ? '–' : grouped(run.prompt_tokens)), (run) => run.prompt_tokens],
    ['Output tokens', (run) => (run.completion_tokens === null ? '–' : grouped(run.completion_tokens)), (run) => run.completion_tokens],
    ['Cost', (run) => formatCost(run.total_cost), (run) => (run.total_cost === null ? null : Number(run.total_cost))],
    ...([before, after].some((run) => (inAll(run)?.runs ?? 0) > 1)
      ? ([
          ['Runs, with those below', (run) => grouped(inAll(run)?.runs ?? 0), (run) => inAll(run)?.runs ?? null],
          ['Errors in all', (run) => grouped(inAll(run)?.errors ?? 0), (run) => inAll(run)?.errors ?? null],
          ['Tokens in all', (run) => (withTokens(run) === null ? '–' : grouped(withTokens(run) ?? 0)), withTokens],
          ['Cost in all', (run) => costInAll(inAll(run)), (run) => inAll(run)?.cost ?? null],
        ] satisfies readonly Row[])
      : []),
    ...scoresOf(before, after),
  ];
  // Two agents have no model, prompt and tokens of their own: rows without a figure say nothing.
  const said = rows.filter(([, text]) => text(before) !== '–' || text(after) !== '–');
  return (
    <Card title="Figures" flush>
      <DataTable
        label="Figures of both runs"
        minWidth="min-w-[36rem]"
        columns={[{ title: 'What' }, { title: 'First' }, { title: 'Second' }, { title: 'Difference', right: true }]}
      >
        <tr className={dataRow}>
          <th scope="row">Run</th>
          <td>
            <Name run={before} />
          </td>
          <td>
            <Name run={after} />
          </td>
          <td />
        </tr>
        {said.map(([name, text, figure]) => (
          <tr key={name} className={dataRow}>
            <th scope="row">{name}</th>
            <td>{text(before)}</td>
            <td className={text(before) === text(after) ? '' : 'font-medium'}>{text(after)}</td>
            <td className="text-right">{figure && difference(figure(before), figure(after))}</td>
          </tr>
        ))}
      </DataTable>
    </Card>
  );
}

type Row = readonly [name: string, text: (run: RunDetail) => string, figure?: (run: RunDetail) => number | null];

const costInAll = (sums: Sums | undefined): string =>
  `${formatCost(sums?.cost)}${sums !== undefined && sums.unpriced > 0 ? ` and ${grouped(sums.unpriced)} without a price` : ''}`;

function scoresOf(
  before: RunDetail,
  after: RunDetail,
): readonly (readonly [string, (run: RunDetail) => string, (run: RunDetail) => number | null])[] {
  const keys = [...new Set([...before.feedback_items, ...after.feedback_items].map(({ key }) => key))].toSorted();
  const score = (run: RunDetail, key: string): number | null => {
    const scores = run.feedback_items.flatMap((each) => (each.key === key && each.score !== null ? [each.score] : []));
    return scores.length === 0 ? null : scores.reduce((sum, each) => sum + each, 0) / scores.length;
  };
  return keys.map((key) => [`Score ${key}`, (run) => formatValue(score(run, key), ''), (run) => score(run, key)]);
}

function Name({ run }: { readonly run: RunDetail }): ReactNode {
  return (
    <Link href={runAddress(run)} className="font-medium underline [overflow-wrap:anywhere]">
      {nameOf(run)}
    </Link>
  );
}

function difference(before: number | null, after: number | null): string {
  if (before === null || after === null || before === after) return '';
  if (before === 0) return 'new';
  const part = ((after - before) / before) * 100;
  const size = Math.abs(part);
  return `${part > 0 ? '+' : '−'}${size >= 10 ? Math.round(size).toString() : size.toFixed(1)} %`;
}
