import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo, useState } from 'react';
import { queries } from '../../api/queries.ts';
import type { Command, CommandState } from '../../api/types.ts';
import { merge, useEventLog } from '../../live/event-log.ts';
import { useNow } from '../../live/now.ts';
import { EventItem } from '../../ui/event-list.tsx';
import { formatMoment, formatSeconds, words } from '../../ui/format.ts';
import { Icon, type IconName } from '../../ui/icons.tsx';
import { Skeleton } from '../../ui/primitives.tsx';

const looks: Readonly<Record<CommandState, { readonly icon: IconName; readonly colour: string }>> = {
  pending: { icon: 'clock', colour: 'text-accent' },
  running: { icon: 'restart', colour: 'text-accent' },
  done: { icon: 'check', colour: 'text-ok' },
  failed: { icon: 'critical', colour: 'text-bad' },
  expired: { icon: 'warning', colour: 'text-warn' },
};

export function CommandHistory({ id }: { readonly id: string }): ReactNode {
  const { data, isPending } = useQuery(queries.commandsOf(id));
  const now = useNow();
  return (
    <section aria-labelledby="commands-title" className="card flex min-w-0 flex-col overflow-hidden">
      <h2 id="commands-title" className="border-b border-line px-4 py-2.5 text-sm">
        Commands
      </h2>
      {isPending ? (
        <Skeleton className="m-4 h-6" />
      ) : (data?.items.length ?? 0) === 0 ? (
        <p className="px-4 py-3 text-ink-3">None was given yet.</p>
      ) : (
        <ol className="max-h-56 overflow-y-auto" tabIndex={0} aria-labelledby="commands-title">
          {data?.items.map((command) => (
            <CommandItem key={command.command_id} command={command} now={now} />
          ))}
        </ol>
      )}
    </section>
  );
}

function CommandItem({ command, now }: { readonly command: Command; readonly now: number }): ReactNode {
  const { icon, colour } = looks[command.state];
  const took = command.finished_at === null ? undefined : (Date.parse(command.finished_at) - Date.parse(command.created_at)) / 1_000;
  return (
    <li className="flex gap-2.5 border-b border-line px-4 py-1.5 last:border-0">
      <Icon name={icon} className={`mt-0.5 size-3.5 ${colour}`} />
      <div className="min-w-0 flex-1">
        <p className="flex items-baseline gap-2">
          <span className="font-medium">{words(command.command)}</span>
          <span className="text-xs text-ink-3">
            {command.state}
            {took !== undefined && ` in ${formatSeconds(took)}`}
          </span>
          <time dateTime={command.created_at} className="ml-auto text-xs text-ink-3">
            {formatMoment(Date.parse(command.created_at), now)}
          </time>
        </p>
        <p className="truncate text-xs text-ink-3">{command.error ?? `by ${command.requested_by}`}</p>
      </div>
    </li>
  );
}

/** Its stored events, and those that come while one watches. */
export function EventHistory({ id }: { readonly id: string }): ReactNode {
  const { data, isPending } = useQuery(queries.eventsOf(id));
  const log = useEventLog();
  const now = useNow();
  const [openedAt] = useState(now);
  const events = useMemo(
    () =>
      merge(
        data?.items ?? [],
        log.events.filter((event) => event.agent_id === id),
        100,
      ),
    [data, log.events, id],
  );
  return (
    <section aria-labelledby="agent-events-title" className="card flex min-w-0 flex-col overflow-hidden">
      <h2 id="agent-events-title" className="border-b border-line px-4 py-2.5 text-sm">
        Events
      </h2>
      {isPending ? (
        <Skeleton className="m-4 h-6" />
      ) : events.length === 0 ? (
        <p className="px-4 py-3 text-ink-3">None yet.</p>
      ) : (
        <ol className="max-h-80 overflow-y-auto" tabIndex={0} aria-labelledby="agent-events-title">
          {events.map((event) => (
            <EventItem key={event.id} event={event} now={now} fresh={Date.parse(event.ts) > openedAt} ofOneAgent />
          ))}
        </ol>
      )}
    </section>
  );
}
