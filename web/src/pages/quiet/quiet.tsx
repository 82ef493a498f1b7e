import { queryOptions, useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { call } from '../../api/client.ts';
import type { Page } from '../../api/types.ts';
import { useMay } from '../../api/use-may.ts';
import { Answered } from '../../ui/answered.tsx';
import { Card } from '../../ui/card.tsx';
import { DataTable, dataRow } from '../../ui/data-table.tsx';
import { formatDuration, formatMoment } from '../../ui/format.ts';
import { type Look, Mark } from '../../ui/look.tsx';
import { AsOf, Button, Empty, PageHeader } from '../../ui/primitives.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { useQuestion } from '../../ui/use-question.tsx';
import { useNow } from '../../live/now.ts';
import { SilenceForm } from './silence-form.tsx';
import type { MaintenanceWindow, Silence } from './types.ts';
import { WindowForm } from './window-form.tsx';

const scopes = [
  { value: 'active', label: 'Not over' },
  { value: 'all', label: 'All' },
] as const;
type Scope = (typeof scopes)[number]['value'];

const silencesOf = (scope: Scope) =>
  queryOptions({
    queryKey: ['silences', scope],
    queryFn: ({ signal }) =>
      call<Page<Silence>>('/silences', { query: { active: scope === 'all' ? 'false' : 'true', limit: 200 }, signal }),
    refetchInterval: 10_000,
  });
const windowsOf = () =>
  queryOptions({
    queryKey: ['maintenance-windows'],
    queryFn: ({ signal }) => call<Page<MaintenanceWindow>>('/maintenance-windows', { query: { limit: 200 }, signal }),
    refetchInterval: 10_000,
  });

/** What is kept quiet: alerts somebody silenced, and times at which work is planned. */
export function QuietPage(): ReactNode {
  const [path, navigate] = useLocation();
  const scope: Scope = new URLSearchParams(useSearch()).get('show') === 'all' ? 'all' : 'active';
  const silences = useQuery(silencesOf(scope));
  const windows = useQuery(windowsOf());
  const mayIn = { silences: useMay('silences:write'), windows: useMay('maintenance-windows:write') };
  const { ask, dialog } = useQuestion();
  const [making, setMaking] = useState<'silence' | 'window'>();
  const end = (silence: Silence): void =>
    ask({
      title: 'End this silence?',
      text: `What fires and matches ${silence.matchers.join(' and ')} is told at once.`,
      verb: 'End it',
      act: () => call(`/silences/${silence.silence_id}`, { method: 'DELETE' }),
      concerns: ['silences', 'alerts', 'alert'],
    });
  const remove = (window: MaintenanceWindow): void =>
    ask({
      title: `Delete the window ${window.name}?`,
      text: window.open_until === null ? 'It does not open again.' : 'It is open now: what fires and matches it is told at once.',
      verb: 'Delete',
      isGrave: true,
      act: () => call(`/maintenance-windows/${window.window_id}`, { method: 'DELETE' }),
      concerns: ['maintenance-windows', 'alerts', 'alert'],
    });
  return (
    <>
      {dialog}
      {making === 'silence' && <SilenceForm onClose={() => setMaking(undefined)} />}
      {making === 'window' && <WindowForm onClose={() => setMaking(undefined)} />}
      <PageHeader title="Quiet times" note={<AsOf at={silences.dataUpdatedAt} staleAfterMs={30_000} />} />
      <Card
        title="Silences"
        flush
        aside={
          <>
            <Segmented<Scope>
              legend="Which silences"
              options={scopes}
              value={scope}
              onChange={(next) => navigate(next === 'all' ? `${path}?show=all` : path, { replace: true })}
            />
            {mayIn.silences && (
              <Button icon="silence" onClick={() => setMaking('silence')}>
                New silence
              </Button>
            )}
          </>
        }
      >
        <Answered query={silences}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="Nothing is silenced" icon="silence">
                A silence keeps alerts with certain labels quiet for a while. On an alert the key <code>s</code> makes one, as does{' '}
                <code>muster alerts silence agent=a1 --for 2h --reason …</code>.
              </Empty>
            ) : (
              <SilenceTable silences={items} end={mayIn.silences ? end : undefined} />
            )
          }
        </Answered>
      </Card>
      <Card
        title="Maintenance windows"
        flush
        aside={
          mayIn.windows && (
            <Button icon="clock" onClick={() => setMaking('window')}>
              New window
            </Button>
          )
        }
      >
        <Answered query={windows}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No work is planned" icon="clock">
                A window opens once, or again and again: the backup each night, the release each Thursday. While it is open what matches it
                is not told; what still fires at its end is.
              </Empty>
            ) : (
              <WindowTable windows={items} remove={mayIn.windows ? remove : undefined} />
            )
          }
        </Answered>
      </Card>
    </>
  );
}

const quiet: Look = { icon: 'silence', colour: 'text-accent', label: 'Quiet' };
const toCome: Look = { icon: 'clock', colour: 'text-ink-2', label: 'To come' };
const over: Look = { icon: 'check', colour: 'text-ink-3', label: 'Over' };
const open: Look = { icon: 'pause', colour: 'text-accent', label: 'Open' };

function Matchers({ matchers }: { readonly matchers: readonly string[] }): ReactNode {
  return (
    <span className="flex flex-wrap gap-1">
      {matchers.map((each) => (
        <code key={each} className="rounded-sm bg-raised px-1.5 [overflow-wrap:anywhere]">
          {each}
        </code>
      ))}
    </span>
  );
}

function SilenceTable({
  silences,
  end,
}: {
  readonly silences: readonly Silence[];
  readonly end: ((silence: Silence) => void) | undefined;
}): ReactNode {
  const now = useNow();
  return (
    <DataTable
      label="Silences, the last to end first"
      columns={[
        { title: 'State' },
        { title: 'Matches' },
        { title: 'Why' },
        { title: 'By' },
        { title: 'Ends', right: true },
        { title: 'Actions', hidden: true },
      ]}
    >
      {silences.map((silence) => {
        const [from, to] = [Date.parse(silence.starts_at), Date.parse(silence.ends_at)];
        const look = to <= now ? over : from > now ? toCome : quiet;
        return (
          <tr key={silence.silence_id} className={dataRow}>
            <td>
              <Mark look={look} />
            </td>
            <th scope="row">
              <Matchers matchers={silence.matchers} />
            </th>
            <td className="[overflow-wrap:anywhere]">{silence.reason}</td>
            <td className="text-ink-2 [overflow-wrap:anywhere]">
              {silence.created_by}
              {silence.ended_by !== null && <span className="block text-xs text-ink-3">ended by {silence.ended_by}</span>}
            </td>
            <td className="text-right whitespace-nowrap">
              <time dateTime={silence.ends_at}>{formatMoment(to, now)}</time>
              {to > now && <span className="block text-xs text-ink-3">in {formatDuration(to - now)}</span>}
            </td>
            <td className="text-right align-middle">
              {end && to > now && (
                <Button
                  kind="ghost"
                  icon="close"
                  onClick={() => end(silence)}
                  aria-label={`End the silence of ${silence.matchers.join(' ')}`}
                >
                  End
                </Button>
              )}
            </td>
          </tr>
        );
      })}
    </DataTable>
  );
}

function WindowTable({
  windows,
  remove,
}: {
  readonly windows: readonly MaintenanceWindow[];
  readonly remove: ((window: MaintenanceWindow) => void) | undefined;
}): ReactNode {
  const now = useNow();
  return (
    <DataTable
      label="Maintenance windows, the next first"
      columns={[
        { title: 'State' },
        { title: 'Window' },
        { title: 'Matches' },
        { title: 'When' },
        { title: 'Next', right: true },
        { title: 'Actions', hidden: true },
      ]}
    >
      {windows.toSorted(nextFirst).map((window) => (
        <tr key={window.window_id} className={dataRow}>
          <td>
            <Mark look={window.open_until !== null ? open : window.opens_next === null ? over : toCome} />
          </td>
          <th scope="row">
            <span className="font-medium [overflow-wrap:anywhere]">{window.name}</span>
            <span className="block text-xs text-ink-2 [overflow-wrap:anywhere]">{window.reason}</span>
          </th>
          <td>
            <Matchers matchers={window.matchers} />
          </td>
          <td>{whenOf(window, now)}</td>
          <td className="text-right whitespace-nowrap">
            {window.open_until !== null
              ? `ends in ${formatDuration(Date.parse(window.open_until) - now)}`
              : window.opens_next === null
                ? '–'
                : `in ${formatDuration(Date.parse(window.opens_next) - now)}`}
          </td>
          <td className="text-right align-middle">
            {remove && (
              <Button kind="ghost" icon="close" onClick={() => remove(window)} aria-label={`Delete the window ${window.name}`}>
                Delete
              </Button>
            )}
          </td>
        </tr>
      ))}
    </DataTable>
  );
}

const nextFirst = (a: MaintenanceWindow, b: MaintenanceWindow): number =>
  (a.open_until === null ? (a.opens_next ?? '9') : '').localeCompare(b.open_until === null ? (b.opens_next ?? '9') : '');

function whenOf(window: MaintenanceWindow, now: number): ReactNode {
  if (window.cron !== null)
    return (
      <>
        <code>{window.cron}</code>, {formatDuration((window.duration_seconds ?? 0) * 1_000)}
        <span className="block text-xs text-ink-3">{window.time_zone}</span>
      </>
    );
  const [from, to] = [Date.parse(window.starts_at ?? ''), Date.parse(window.ends_at ?? '')];
  return `${formatMoment(from, now)} to ${formatMoment(to, now)}`;
}
