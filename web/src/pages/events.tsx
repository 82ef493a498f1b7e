import { type ReactNode, useMemo, useState } from 'react';
import type { FleetEvent } from '../api/types.ts';
import { useEventLog } from '../live/event-log.ts';
import { useNow } from '../live/now.ts';
import { grouped, words } from '../ui/format.ts';
import { EventItem } from '../ui/event-list.tsx';
import { Button, Empty, PageHeader, Skeleton } from '../ui/primitives.tsx';
import { SearchField } from '../ui/search-field.tsx';
import { Select } from '../ui/select.tsx';

const drawn = 300;

/** The live tail. Pausing holds the list still; what comes meanwhile is counted and not lost. */
export function EventsPage(): ReactNode {
  const log = useEventLog();
  const now = useNow();
  const [openedAt] = useState(now);
  const [held, setHeld] = useState<readonly FleetEvent[]>();
  const [type, setType] = useState('');
  const [text, setText] = useState('');
  const events = held ?? log.events;
  const waiting = held ? log.events.findIndex((event) => event.id === held[0]?.id) : 0;
  const types = useMemo(() => [...new Set(log.events.map((event) => event.type))].toSorted(), [log.events]);
  const chosen = useMemo(() => events.filter((event) => (type === '' || event.type === type) && fits(event, text)), [events, type, text]);

  return (
    <>
      <PageHeader
        title="Events"
        note={<span className="text-xs text-ink-3">{log.loaded && `the newest ${grouped(log.events.length)}`}</span>}
      >
        <Button icon={held ? 'resume' : 'pause'} aria-pressed={held !== undefined} onClick={() => setHeld(held ? undefined : log.events)}>
          {held ? `Go on${waiting > 0 ? `, ${grouped(waiting)} new` : ''}` : 'Pause'}
        </Button>
      </PageHeader>
      <search className="flex flex-wrap items-center gap-2">
        <SearchField label="Filter by agent or text" className="w-full sm:w-80" value={text} onChange={setText} />
        <Select label="Type of event" className="max-w-60" value={type} onChange={(event) => setType(event.target.value)}>
          <option value="">Any type</option>
          {types.map((each) => (
            <option key={each} value={each}>
              {words(each).replace(':', ' ')}
            </option>
          ))}
        </Select>
        {held && <span className="text-xs font-medium text-warn">Paused: newer events wait</span>}
      </search>
      <div className="card min-w-0 overflow-hidden">
        {!log.loaded && log.events.length === 0 ? (
          <div className="flex flex-col gap-3 p-4">
            {Array.from({ length: 12 }, (_, index) => (
              <Skeleton key={index} className="h-6" />
            ))}
          </div>
        ) : log.events.length === 0 ? (
          <Empty title="Nothing happened yet" icon="events">
            Starts, stops, failures and commands appear here by themselves.
          </Empty>
        ) : chosen.length === 0 ? (
          <Empty title="No event fits" icon="search">
            <Button
              className="mt-2"
              onClick={() => {
                setType('');
                setText('');
              }}
            >
              Show all
            </Button>
          </Empty>
        ) : (
          <ol aria-label="Events, newest first">
            {chosen.slice(0, drawn).map((event) => (
              <EventItem key={event.id} event={event} now={now} fresh={Date.parse(event.ts) > openedAt} wide />
            ))}
          </ol>
        )}
      </div>
    </>
  );
}

function fits(event: FleetEvent, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return (
    wanted === '' ||
    `${event.type} ${event.agent_id ?? ''} ${event.host_id ?? ''} ${JSON.stringify(event.data)}`.toLowerCase().includes(wanted)
  );
}
