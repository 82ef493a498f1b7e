import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type ReactNode, useCallback, useState } from 'react';
import { problemOf } from '../../api/problem.ts';
import { queries } from '../../api/queries.ts';
import type { LogLevel, LogLine } from '../../api/types.ts';
import { useNow } from '../../live/now.ts';
import { formatFull, formatMoment } from '../../ui/format.ts';
import { Button, ProblemNote, Skeleton } from '../../ui/primitives.tsx';
import { SearchField } from '../../ui/search-field.tsx';
import { Select } from '../../ui/select.tsx';

const steps = [100, 300, 1_000] as const;

const levels: Readonly<Record<LogLevel, string>> = {
  debug: 'text-ink-3',
  info: 'text-ink-2',
  warn: 'text-warn',
  error: 'text-bad',
};

/** What it says, newest first, as it says it. */
export function AgentLog({
  id,
  run,
  onAllRuns,
}: {
  readonly id: string;
  readonly run: string | undefined;
  readonly onAllRuns: () => void;
}): ReactNode {
  const [text, setText] = useState('');
  const [level, setLevel] = useState<LogLevel>('debug');
  const [live, setLive] = useState(true);
  const [step, setStep] = useState(0);
  const limit = steps[step] ?? 100;
  const search = useCallback((value: string) => setText(value), []);
  const { data, error, isPending, refetch } = useQuery({
    ...queries.logsOf(id, { run, level, search: text.trim(), limit }),
    refetchInterval: live ? 2_000 : false,
    placeholderData: keepPreviousData,
  });
  const now = useNow();
  const [openedAt] = useState(now);
  const lines = data?.items ?? [];
  const narrowed = text.trim() !== '' || level !== 'debug' || run !== undefined;
  return (
    <section aria-labelledby="log-title" className="card flex min-w-0 flex-col overflow-hidden">
      <div className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-2.5">
        <h2 id="log-title" className="mr-1 text-sm">
          Log
        </h2>
        {run !== undefined && (
          <Button kind="plain" icon="close" onClick={onAllRuns} title="Show the lines of all runs">
            of one run
          </Button>
        )}
        <div className="ml-auto flex flex-wrap items-center justify-end gap-2 max-sm:w-full">
          <SearchField label="Filter lines" className="max-sm:w-full sm:w-56" value={text} onChange={search} />
          <Select label="Level" className="max-sm:flex-1" value={level} onChange={(event) => setLevel(event.target.value as LogLevel)}>
            <option value="debug">Any level</option>
            <option value="info">Info and above</option>
            <option value="warn">Warnings and errors</option>
            <option value="error">Errors</option>
          </Select>
          <Button icon={live ? 'pause' : 'resume'} aria-pressed={!live} onClick={() => setLive(!live)}>
            {live ? 'Hold' : 'Go on'}
          </Button>
        </div>
      </div>
      {isPending ? (
        <Skeleton className="m-4 h-40" />
      ) : error !== null && data === undefined ? (
        <ProblemNote problem={problemOf(error)} retry={() => void refetch()} />
      ) : lines.length === 0 ? (
        <p className="px-4 py-3 text-ink-3">
          {narrowed ? (
            'No line fits.'
          ) : (
            <>
              It has said nothing. What an agent says with <code>ctx.log</code> appears here within seconds.
            </>
          )}
        </p>
      ) : (
        <ol className="max-h-96 overflow-y-auto py-1" tabIndex={0} aria-labelledby="log-title">
          {lines.map((line) => (
            <Line key={line.id} line={line} now={now} fresh={Date.parse(line.ts) > openedAt} />
          ))}
          {data?.next_cursor !== null && step < steps.length - 1 && (
            <li className="flex justify-center p-1">
              <Button kind="ghost" icon="down" onClick={() => setStep(step + 1)}>
                Show older lines
              </Button>
            </li>
          )}
        </ol>
      )}
    </section>
  );
}

function Line({ line, now, fresh }: { readonly line: LogLine; readonly now: number; readonly fresh: boolean }): ReactNode {
  const at = Date.parse(line.ts);
  return (
    <li
      className={`grid min-w-0 grid-cols-[auto_minmax(0,1fr)] items-baseline gap-x-3 px-4 py-0.5 font-mono text-xs leading-5 hover:bg-raised sm:grid-cols-[auto_2.75rem_minmax(0,1fr)] ${fresh ? 'arrive' : ''}`}
    >
      <time dateTime={line.ts} title={formatFull(at)} className="whitespace-nowrap text-ink-3">
        {formatMoment(at, now)}
      </time>
      <span className={`${levels[line.level]} max-sm:hidden`}>{line.level}</span>
      <span className="min-w-0 [overflow-wrap:anywhere]">
        <span className={`${levels[line.level]} mr-2 sm:hidden`}>{line.level}</span>
        <span className={line.level === 'debug' ? 'text-ink-3' : 'text-ink'}>{line.message}</span>
        {line.fields !== null && <Fields fields={line.fields} />}
      </span>
    </li>
  );
}

/** key=value as logs are read; what is no plain value stays JSON. */
function Fields({ fields }: { readonly fields: Readonly<Record<string, unknown>> }): ReactNode {
  return Object.entries(fields).map(([key, value]) => (
    <span key={key} className="ml-2.5 text-ink-3">
      {key}=<span className="text-ink-2">{shown(value)}</span>
    </span>
  ));
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 299)}…` : text;
}
