import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo } from 'react';
import { Link, useSearch } from 'wouter';
import { problemOf } from '../../../api/problem.ts';
import { CopyButton } from '../../../ui/copy-button.tsx';
import { formatSeconds, grouped } from '../../../ui/format.ts';
import { Mark } from '../../../ui/look.tsx';
import { Ago, Button, Empty, PageHeader, ProblemNote, Skeleton } from '../../../ui/primitives.tsx';
import { listAddress, runAddress } from '../address.ts';
import { ConversationView } from '../conversation/conversation.tsx';
import { mediaIn, noMedia } from '../conversation/media.ts';
import { JsonView } from '../conversation/json-view.tsx';
import { jsonText } from '../compare/text.ts';
import { nameOf, statusLooks } from '../looks.ts';
import { formatCost } from '../money.ts';
import { traceQueries } from '../queries.ts';
import type { Message, RunDetail, RunSummary } from '../types.ts';

/** One conversation over its turns, oldest first: what each turn added. */
export function ThreadPage(): ReactNode {
  const given = new URLSearchParams(useSearch());
  const [project, thread] = [given.get('project') ?? '', given.get('thread') ?? ''];
  const turns = useInfiniteQuery(traceQueries.turns(project, thread));
  const runs = turns.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <PageHeader title={<span className="[overflow-wrap:anywhere]">{thread === '' ? 'Thread' : thread}</span>}>
        <Link href={listAddress({ project, thread, range: '' })} className="text-xs underline">
          As a list
        </Link>
        <CopyButton label="Copy a link to this thread" text={() => location.href}>
          Link
        </CopyButton>
      </PageHeader>
      {turns.isPending ? (
        <Skeleton className="h-40" />
      ) : turns.data === undefined ? (
        <div className="card">
          <ProblemNote problem={problemOf(turns.error)} retry={() => void turns.refetch()} />
        </div>
      ) : runs.length === 0 ? (
        <div className="card">
          <Empty title="There is no such thread" icon="search">
            It may be older than its project keeps runs.
          </Empty>
        </div>
      ) : (
        <ol aria-label="Turns" className="flex flex-col gap-4">
          {runs.map((run, index) => (
            <TurnCard key={run.run_id} run={run} number={index + 1} />
          ))}
        </ol>
      )}
      {turns.hasNextPage && (
        <Button className="self-center" icon="down" disabled={turns.isFetchingNextPage} onClick={() => void turns.fetchNextPage()}>
          More turns
        </Button>
      )}
    </>
  );
}

function TurnCard({ run, number }: { readonly run: RunSummary; readonly number: number }): ReactNode {
  const { data, error } = useQuery(traceQueries.run(run.run_id));
  return (
    <li className="card min-w-0 p-4">
      <div className="mb-3 flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-ink-2">
        <h2 className="text-sm font-semibold text-ink">
          <Link href={runAddress(run)} className="hover:underline">
            Turn {number}, {nameOf(run)}
          </Link>
        </h2>
        {run.status !== 'success' && <Mark look={statusLooks[run.status]} />}
        <Ago at={run.start_time} />
        {run.latency_seconds !== null && <span>{formatSeconds(run.latency_seconds)}</span>}
        {run.total_tokens !== null && <span>{grouped(run.total_tokens)} tokens</span>}
        {run.total_cost !== null && <span>{formatCost(run.total_cost)}</span>}
      </div>
      {data ? <TurnSaid run={data} /> : error ? <ProblemNote problem={problemOf(error)} /> : <Skeleton className="h-16" />}
    </li>
  );
}

function TurnSaid({ run }: { readonly run: RunDetail }): ReactNode {
  const media = useMemo(() => mediaIn(run.inputs), [run.inputs]);
  const { conversation } = run;
  if (conversation === null || conversation === undefined)
    return (
      <>
        <JsonView value={run.inputs} label="Input" />
        <JsonView value={run.outputs} label="Output" />
      </>
    );
  return (
    <div className="flex flex-col gap-3">
      <ConversationView messages={added(conversation.input)} label="Asked" media={media} />
      {run.error === null || run.error === undefined ? (
        <ConversationView messages={added(conversation.output)} label="Answered" media={noMedia} />
      ) : (
        <p className="text-bad [overflow-wrap:anywhere]">{jsonText(run.error).slice(0, 500)}</p>
      )}
    </div>
  );
}

/** Applications send the whole history each time: what is new of it is from the last thing a person said on. */
export function added(messages: readonly Message[]): readonly Message[] {
  const last = messages.findLastIndex(({ role }) => role === 'user');
  return last <= 0 ? messages.filter(({ role }) => role !== 'system' || messages.length === 1) : messages.slice(last);
}
