import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { queries } from '../../api/queries.ts';
import type { Term } from '../../api/types.ts';
import { swatch } from '../../charts/colours.ts';
import { useNow } from '../../live/now.ts';
import { formatDuration, formatFull, formatMoment, grouped, hostName } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Button, Skeleton } from '../../ui/primitives.tsx';
import { hostOrder, stretchesOf } from './stretches.ts';

const atFirst = 5;

/** Who held it, from when to when, and why it moved. */
export function Moves({ id }: { readonly id: string }): ReactNode {
  const { data, isPending } = useQuery(queries.historyOf(id));
  const [all, setAll] = useState(false);
  const now = useNow();
  const terms = data?.items ?? [];
  const hosts = hostOrder(terms);
  const shown = all ? terms : terms.slice(0, atFirst);
  const colourOf = (term: Term): string => swatch(hosts.indexOf(term.host_id));
  return (
    <section aria-labelledby="moves-title" className="card flex min-w-0 flex-col overflow-hidden">
      <h2 id="moves-title" className="border-b border-line px-4 py-2.5 text-sm">
        Where it ran
      </h2>
      {isPending ? (
        <Skeleton className="m-4 h-10" />
      ) : terms.length === 0 ? (
        <p className="px-4 py-3 text-ink-3">No host has held it yet.</p>
      ) : (
        <>
          <Band terms={terms} now={now} colourOf={colourOf} />
          <ol aria-labelledby="moves-title" className="flex flex-col px-4 pt-1 pb-3">
            {shown.map((term, index) => (
              <TermItem
                key={term.epoch}
                term={term}
                now={now}
                colour={colourOf(term)}
                newest={index === 0}
                last={index === shown.length - 1}
              />
            ))}
          </ol>
          {terms.length > atFirst && (
            <Button
              kind="ghost"
              className="-mt-2 mb-1 self-center"
              icon={all ? 'up' : 'down'}
              aria-expanded={all}
              onClick={() => setAll(!all)}
            >
              {all ? 'Show fewer' : `Show ${grouped(terms.length - atFirst)} more`}
            </Button>
          )}
        </>
      )}
    </section>
  );
}

/** All of it on one line, each host in its colour; nobody is a thin line. */
function Band({
  terms,
  now,
  colourOf,
}: {
  readonly terms: readonly Term[];
  readonly now: number;
  readonly colourOf: (term: Term) => string;
}): ReactNode {
  const begin = Date.parse(terms.at(-1)?.acquired_at ?? '');
  const span = Math.max(1, now - begin);
  const stretches = stretchesOf(terms, now, span / 500);
  return (
    <div className="px-4 pt-3">
      <div
        role="img"
        aria-label={`${terms.length} ${terms.length === 1 ? 'term' : 'terms'} on ${hostOrder(terms).length} hosts in ${formatDuration(span)}`}
        className="flex h-3.5 items-center gap-px overflow-hidden rounded-sm"
      >
        {stretches.map(({ term, from, to }) => (
          <span
            key={from}
            title={`${term === undefined ? 'nobody' : hostName(term)}: ${formatMoment(from, now)}, ${formatDuration(to - from)}`}
            className={term === undefined ? 'h-px bg-line-strong' : 'h-full'}
            style={{
              flexGrow: (to - from) / span,
              flexBasis: 0,
              minWidth: 2,
              ...(term === undefined ? {} : { background: colourOf(term) }),
            }}
          />
        ))}
      </div>
      <div className="mt-1 flex justify-between text-2xs text-ink-3">
        <span>{formatMoment(begin, now)}</span>
        <span>now</span>
      </div>
    </div>
  );
}

function TermItem({
  term,
  now,
  colour,
  newest,
  last,
}: {
  readonly term: Term;
  readonly now: number;
  readonly colour: string;
  readonly newest: boolean;
  readonly last: boolean;
}): ReactNode {
  const from = Date.parse(term.acquired_at);
  const to = term.released_at === null ? now : Date.parse(term.released_at);
  return (
    <li className="relative flex gap-2.5 py-1.5">
      {!last && <span aria-hidden="true" className="absolute top-5 -bottom-1 left-[4.5px] w-px bg-line-strong" />}
      <span aria-hidden="true" className="mt-1.5 size-2.5 shrink-0 rounded-full" style={{ background: colour }} />
      <div className="min-w-0 flex-1">
        <p className="flex items-baseline gap-2">
          <span className="min-w-0 truncate font-medium" title={term.host_id}>
            {hostName(term)}
          </span>
          <span className="text-xs whitespace-nowrap text-ink-3">
            {term.status === 'held' ? 'for ' : ''}
            {formatDuration(to - from)}
          </span>
          {term.status === 'lost' && (
            <span className="inline-flex items-baseline gap-1 text-xs text-bad" title={term.reason ?? undefined}>
              <Icon name="critical" className="size-3 self-center" />
              lost
            </span>
          )}
          <time
            dateTime={term.acquired_at}
            title={`${formatFull(from)}, epoch ${term.epoch}`}
            className="ml-auto shrink-0 text-xs text-ink-3"
          >
            {formatMoment(from, now)}
          </time>
        </p>
        <p className="text-xs leading-5 text-ink-2">{term.moved_because}</p>
        {/* Why an older one ended is why the one above it came. */}
        {newest && term.reason !== null && <p className="text-xs leading-5 text-ink-3">ended: {term.reason}</p>}
      </div>
    </li>
  );
}
