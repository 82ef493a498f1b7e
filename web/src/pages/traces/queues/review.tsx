import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { problemOf } from '../../../api/problem.ts';
import { useMay } from '../../../api/use-may.ts';
import { formatSeconds } from '../../../ui/format.ts';
import { Icon } from '../../../ui/icons.tsx';
import { Mark } from '../../../ui/look.tsx';
import { Empty, ProblemNote, Skeleton } from '../../../ui/primitives.tsx';
import { runAddress } from '../address.ts';
import { jsonText } from '../compare/text.ts';
import { Written } from '../conversation/written.tsx';
import { nameOf, statusLooks, typeIcons } from '../looks.ts';
import { traceQueries } from '../queries.ts';
import { ErrorText } from '../trace/error-text.tsx';
import { Part } from '../trace/part.tsx';
import { SaidPart } from '../trace/said.tsx';
import type { RunDetail } from '../types.ts';
import { Judgement } from './judgement.tsx';
import { type QueueItem, queueQueries, type WholeQueue } from './queries.ts';

/** The run that is next, and what the queue wants to know of it. */
export function Review({ queue }: { readonly queue: WholeQueue }): ReactNode {
  const { data, error, isPending, refetch } = useQuery(queueQueries.next(queue.queue_id));
  const [item, following] = data?.items ?? [];
  // Read while this one is looked at, so that it is there at once.
  useQuery({ ...traceQueries.run(following?.run_id ?? ''), enabled: following !== undefined, refetchInterval: false });
  if (isPending)
    return (
      <div className="card p-4">
        <Skeleton className="h-24" />
      </div>
    );
  if (data === undefined)
    return (
      <div className="card">
        <ProblemNote problem={problemOf(error)} retry={() => void refetch()} />
      </div>
    );
  if (item === undefined) return <Nothing queue={queue} />;
  // One that was skipped and comes again is begun anew.
  return <ReviewOf key={`${item.item_id} ${item.added_at}`} queue={queue} item={item} />;
}

function Nothing({ queue }: { readonly queue: WholeQueue }): ReactNode {
  return (
    <div className="card">
      <Empty title={queue.runs === 0 ? 'No run is in it yet' : 'All of it is done'} icon={queue.runs === 0 ? 'book' : 'check'}>
        Mark runs in the{' '}
        <Link href="/traces" className="underline">
          list of traces
        </Link>{' '}
        and add them to this queue. They appear here at once.
      </Empty>
    </div>
  );
}

function ReviewOf({ queue, item }: { readonly queue: WholeQueue; readonly item: QueueItem }): ReactNode {
  const { data: run, error, refetch } = useQuery(traceQueries.run(item.run_id));
  const may = useMay('traces:write');
  return (
    <div className="grid min-w-0 items-start gap-4 lg:grid-cols-[minmax(0,1fr)_22rem]">
      <section aria-label="Run" className="card min-w-0">
        {run !== undefined ? (
          <Said run={run} item={item} />
        ) : error ? (
          <ProblemNote problem={problemOf(error)} retry={() => void refetch()} />
        ) : (
          <div className="p-4">
            <Skeleton className="h-24" />
          </div>
        )}
      </section>
      <div className="flex min-w-0 flex-col gap-4 lg:sticky lg:top-4">
        {queue.instructions !== null && queue.instructions !== '' && (
          <section aria-label="Instructions" className="card max-h-72 min-w-0 overflow-auto p-4" tabIndex={0}>
            <h2 className="mb-1 text-sm font-semibold">Instructions</h2>
            <Written text={queue.instructions} />
          </section>
        )}
        {may ? (
          <Judgement queue={queue} item={item} />
        ) : (
          <p className="text-xs text-ink-3">
            To judge it, sign in with a role that has <code>traces:write</code>.
          </p>
        )}
      </div>
    </div>
  );
}

function Said({ run, item }: { readonly run: RunDetail; readonly item: QueueItem }): ReactNode {
  const error = jsonText(run.error);
  return (
    <>
      <header className="flex flex-wrap items-center gap-x-3 gap-y-1.5 border-b border-line px-4 py-3">
        <h2 className="flex min-w-0 items-center gap-2 text-lg [overflow-wrap:anywhere]">
          <Icon name={typeIcons[run.run_type]} className="text-ink-3" />
          {nameOf(run)}
        </h2>
        <Mark look={statusLooks[run.status]} />
        <span className="text-xs text-ink-3">
          {[item.project, run.model, run.latency_seconds === null ? null : formatSeconds(run.latency_seconds)]
            .filter((each) => each !== null)
            .join(' · ')}
        </span>
        <Link href={runAddress(run)} className="ml-auto text-xs underline decoration-line-strong hover:decoration-current">
          Open its trace
        </Link>
      </header>
      <div className="flex flex-col divide-y divide-line [&>*]:px-4 [&>*]:py-3.5">
        {error !== '' && (
          <Part title="Error">
            <ErrorText text={error} />
          </Part>
        )}
        <SaidPart title="Input" value={run.inputs} messages={run.conversation?.input} asJson={false} />
        <SaidPart
          title="Output"
          value={run.outputs}
          messages={run.conversation?.output}
          asJson={false}
          absence={run.status === 'pending' ? 'It is running: nothing has come yet.' : 'It ended without an output.'}
        />
      </div>
    </>
  );
}
