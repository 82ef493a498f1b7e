import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { useEventLog } from '../../live/event-log.ts';
import { useNow } from '../../live/now.ts';
import { EventItem } from '../../ui/event-list.tsx';
import { Empty, Skeleton } from '../../ui/primitives.tsx';

const shown = 30;

/** What just happened, as it happens. */
export function RecentEvents(): ReactNode {
  const { events, loaded } = useEventLog();
  const now = useNow();
  const [openedAt] = useState(now);
  return (
    <section aria-labelledby="events-title" className="card flex min-h-80 min-w-0 flex-col overflow-hidden">
      <div className="flex items-center gap-3 border-b border-line px-4 py-2.5">
        <h2 id="events-title" className="text-sm">
          Events
        </h2>
        <Link href="/events" className="ml-auto text-xs text-ink-2 underline decoration-line-strong underline-offset-3 hover:text-ink">
          All events
        </Link>
      </div>
      {!loaded && events.length === 0 ? (
        <div className="flex flex-col gap-3 p-4">
          {Array.from({ length: 8 }, (_, index) => (
            <Skeleton key={index} className="h-8" />
          ))}
        </div>
      ) : events.length === 0 ? (
        <Empty title="Nothing happened yet" icon="events">
          Starts, stops, failures and commands appear here by themselves.
        </Empty>
      ) : (
        <ol className="min-h-0 flex-1 overflow-y-auto" tabIndex={0} aria-labelledby="events-title">
          {events.slice(0, shown).map((event) => (
            <EventItem key={event.id} event={event} now={now} fresh={Date.parse(event.ts) > openedAt} />
          ))}
        </ol>
      )}
    </section>
  );
}
