import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo, useState } from 'react';
import { Link } from 'wouter';
import { problemOf } from '../../../api/problem.ts';
import { useMay } from '../../../api/use-may.ts';
import { CopyButton } from '../../../ui/copy-button.tsx';
import { formatFull, grouped } from '../../../ui/format.ts';
import { Icon } from '../../../ui/icons.tsx';
import { Mark } from '../../../ui/look.tsx';
import { Button, ProblemNote, Skeleton } from '../../../ui/primitives.tsx';
import { Segmented } from '../../../ui/segmented.tsx';
import { listAddress, threadAddress } from '../address.ts';
import { CompareButton } from '../compare/compare-button.tsx';
import { jsonText } from '../compare/text.ts';
import { AddRunsForm } from '../datasets/add-runs.tsx';
import { AddToQueueForm } from '../queues/add-to-queue.tsx';
import { nameOf, statusLooks, typeIcons } from '../looks.ts';
import { traceQueries } from '../queries.ts';
import type { RunDetail } from '../types.ts';
import { Attachments } from './attachments.tsx';
import { ErrorText } from './error-text.tsx';
import { FeedbackPart } from './feedback.tsx';
import { FiguresPart } from './figures-part.tsx';
import { JsonPart, Part } from './part.tsx';
import { SaidPart } from './said.tsx';
import { detailsOf } from './details.ts';
import { pathTo, type Tree } from './tree.ts';

type Shown = 'conversation' | 'json';
const ways = [
  { value: 'conversation', label: 'Read' },
  { value: 'json', label: 'JSON' },
] as const;

/** What is known of one run. While the next is being read, the one before stays: walking through a tree does not flicker. */
export function RunPane({
  runId,
  tree,
  onSelect,
}: {
  readonly runId: string;
  readonly tree: Tree;
  readonly onSelect: (id: string) => void;
}): ReactNode {
  const { data, error, isPlaceholderData, refetch } = useQuery({ ...traceQueries.run(runId), placeholderData: keepPreviousData });
  return (
    <section
      aria-label="Run"
      aria-busy={isPlaceholderData}
      className={`card min-h-0 min-w-0 overflow-auto overscroll-contain ${isPlaceholderData ? 'opacity-60' : ''}`}
      tabIndex={0}
    >
      {data ? (
        <RunDetails key={data.run_id} run={data} tree={tree} onSelect={onSelect} />
      ) : error ? (
        <ProblemNote problem={problemOf(error)} retry={() => void refetch()} />
      ) : (
        <div className="flex flex-col gap-4 p-4">
          <Skeleton className="h-6" />
          <Skeleton className="h-24" />
          <Skeleton className="h-24" />
        </div>
      )}
    </section>
  );
}

function RunDetails({
  run,
  tree,
  onSelect,
}: {
  readonly run: RunDetail;
  readonly tree: Tree;
  readonly onSelect: (id: string) => void;
}): ReactNode {
  const [shown, setShown] = useState<Shown>('conversation');
  const [adding, setAdding] = useState<'dataset' | 'queue'>();
  const mayWrite = useMay('traces:write');
  const error = jsonText(run.error);
  const { events, metadata, parameters, runtime, rest } = useMemo(() => detailsOf(run), [run]);
  return (
    <>
      {adding === 'dataset' && <AddRunsForm runIds={[run.run_id]} onClose={() => setAdding(undefined)} />}
      {adding === 'queue' && <AddToQueueForm runIds={[run.run_id]} onClose={() => setAdding(undefined)} />}
      <header className="sticky top-0 z-1 flex flex-col gap-1.5 border-b border-line bg-surface px-4 py-3">
        <Path run={run} tree={tree} onSelect={onSelect} />
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5">
          <h2 className="flex min-w-0 items-center gap-2 text-lg [overflow-wrap:anywhere]">
            <Icon name={typeIcons[run.run_type]} className="text-ink-3" />
            <span className="line-clamp-2" title={nameOf(run).length > 60 ? nameOf(run) : undefined}>
              {nameOf(run)}
            </span>
          </h2>
          <Mark look={statusLooks[run.status]} />
          <span className="ml-auto flex items-center gap-1">
            <Segmented<Shown> legend="How inputs and outputs are shown" options={ways} value={shown} onChange={setShown} />
            <CompareButton runId={run.run_id} name={nameOf(run)} />
            {mayWrite && (
              <>
                <Button
                  kind="ghost"
                  icon="book"
                  title="Make this run an example of a dataset"
                  aria-label="Add this run to a dataset"
                  onClick={() => setAdding('dataset')}
                />
                <Button
                  kind="ghost"
                  icon="user"
                  title="Let people look at this run"
                  aria-label="Add this run to a queue"
                  onClick={() => setAdding('queue')}
                />
              </>
            )}
            <CopyButton label="Copy this run as JSON" text={() => JSON.stringify(run, undefined, 2)} />
          </span>
        </div>
        <Belongs run={run} />
      </header>
      <div className="flex flex-col divide-y divide-line [&>*]:px-4 [&>*]:py-3.5">
        {error !== '' && (
          <Part title="Error" aside={<CopyButton label="Copy the error" text={() => error} />}>
            <ErrorText text={error} />
          </Part>
        )}
        <SaidPart title="Input" value={run.inputs} messages={run.conversation?.input} asJson={shown === 'json'} />
        <SaidPart
          title="Output"
          value={run.outputs}
          messages={run.conversation?.output}
          asJson={shown === 'json'}
          note={run.conversation?.finish ?? undefined}
          absence={run.status === 'pending' ? 'It is running: nothing has come yet.' : 'It ended without an output.'}
        />
        <FiguresPart run={run} tree={tree} />
        <FeedbackPart run={run} />
        <Attachments run={run} />
        <JsonPart title="Parameters" value={parameters} />
        <JsonPart title="Metadata" value={metadata} />
        {events.length > 0 && <JsonPart title={`Events, ${grouped(events.length)}`} value={events} shut />}
        <JsonPart title="Runtime" value={runtime} shut />
        <JsonPart title="Serialized" value={run.serialized} shut />
        <JsonPart title="Other fields" value={rest} shut />
        <Part title="Identity">
          <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1 text-xs [&>dd]:font-mono [&>dd]:[overflow-wrap:anywhere] [&>dt]:text-ink-2">
            <dt>Run</dt>
            <dd>{run.run_id}</dd>
            <dt>Trace</dt>
            <dd>{run.trace_id}</dd>
            <dt>Began</dt>
            <dd title={formatFull(Date.parse(run.start_time))}>{run.start_time}</dd>
            <dt>Ended</dt>
            <dd>{run.end_time ?? '–'}</dd>
          </dl>
        </Part>
      </div>
    </>
  );
}

/** The runs above, to go up by. */
function Path({
  run,
  tree,
  onSelect,
}: {
  readonly run: RunDetail;
  readonly tree: Tree;
  readonly onSelect: (id: string) => void;
}): ReactNode {
  const above = pathTo(tree, run.run_id);
  if (above.length === 0) return null;
  const shown = above.length > 4 ? [above[0], ...above.slice(-2)] : above;
  return (
    <nav aria-label="Runs above" className="flex min-w-0 flex-wrap items-center gap-1 text-xs">
      {shown.map(
        (each, index) =>
          each && (
            <span key={each.run_id} className="flex min-w-0 items-center gap-1">
              <button
                type="button"
                onClick={() => onSelect(each.run_id)}
                className="max-w-48 truncate rounded-sm text-ink-2 hover:text-ink hover:underline"
              >
                {nameOf(each)}
              </button>
              <Icon name="right" className="size-3 text-ink-3" />
              {index === 0 && shown.length < above.length && <span className="text-ink-3">… </span>}
            </span>
          ),
      )}
    </nav>
  );
}

/** What it belongs to, each a way to what else does. */
function Belongs({ run }: { readonly run: RunDetail }): ReactNode {
  const { project } = run;
  const ties: readonly (readonly [string, string | null, string])[] = [
    ['Project', project, listAddress({ project })],
    ['Model', run.model, listAddress({ project, model: run.model ?? '' })],
    ['User', run.user_id, listAddress({ project, user: run.user_id ?? '' })],
    ['Thread', run.thread_id, threadAddress(project, run.thread_id ?? '')],
    ['Prompt', run.prompt, listAddress({ project, prompt: run.prompt ?? '' })],
  ];
  return (
    <ul aria-label="Belongs to" className="flex flex-wrap items-center gap-x-3 gap-y-1 text-xs">
      {ties.map(
        ([name, value, href]) =>
          value !== null && (
            <li key={name} className="flex min-w-0 items-center gap-1">
              <span className="text-ink-3">{name}</span>
              <Link href={href} className="max-w-56 truncate underline decoration-line-strong hover:decoration-current">
                {value}
              </Link>
            </li>
          ),
      )}
      {run.provider !== null && <li className="text-ink-3">{run.provider}</li>}
      {run.tags.map((tag) => (
        <li key={tag}>
          <Link
            href={listAddress({ project, tag })}
            className="inline-block max-w-48 truncate rounded-sm border border-line px-1.5 align-middle text-2xs text-ink-2 hover:border-line-strong"
          >
            {tag}
          </Link>
        </li>
      ))}
    </ul>
  );
}
