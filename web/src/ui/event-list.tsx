import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { FleetEvent } from '../api/types.ts';
import { formatFull, formatMoment, words } from './format.ts';
import { Icon, type IconName } from './icons.tsx';
import { agentAddress } from './address.ts';

interface EventLook {
  readonly icon: IconName;
  readonly colour: string;
}

const looks: readonly (readonly [RegExp, EventLook])[] = [
  [/:(lost|crashed|crash_looping|failed|expired|isolated|config_invalid)$/, { icon: 'critical', colour: 'text-bad' }],
  [/:(degraded|stuck|moved)$/, { icon: 'warning', colour: 'text-warn' }],
  [/:(started|recovered|joined|confirmed|unstuck|done)$/, { icon: 'check', colour: 'text-ok' }],
  [/:(stopped|removed|deleted)$/, { icon: 'stop', colour: 'text-idle' }],
];

export function lookOf(type: string): EventLook {
  return looks.find(([pattern]) => pattern.test(type))?.[1] ?? { icon: 'info', colour: 'text-ink-3' };
}

/** The line a person reads: the reason or message where the event carries one, else its small facts. */
export function gist(event: FleetEvent): string {
  for (const key of ['reason', 'error', 'because', 'message']) {
    const value = event.data[key];
    if (typeof value === 'string' && value !== '') return value;
  }
  return Object.entries(event.data)
    .filter(([, value]) => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    .slice(0, 4)
    .map(([key, value]) => `${words(key)} ${String(value)}`)
    .join(', ');
}

export function EventItem({ event, now, fresh, wide = false, ofOneAgent = false }: { readonly event: FleetEvent; readonly now: number; readonly fresh: boolean; readonly wide?: boolean; readonly ofOneAgent?: boolean }): ReactNode {
  const at = Date.parse(event.ts);
  const { icon, colour } = lookOf(event.type);
  const text = gist(event);
  return (
    <li className={`flex min-w-0 gap-2.5 border-b border-line px-4 py-1.5 last:border-0 ${fresh ? 'arrive' : ''}`}>
      <Icon name={icon} className={`mt-0.5 size-3.5 ${colour}`} />
      <div className={`min-w-0 flex-1 ${wide ? 'sm:grid sm:grid-cols-[minmax(0,16rem)_minmax(0,16rem)_minmax(0,1fr)] sm:gap-x-4' : ''}`}>
        <p className="flex min-w-0 items-baseline gap-2">
          <span className="min-w-0 truncate font-medium">{words(event.type).replace(':', ' ')}</span>
          {!wide && <Moment at={at} now={now} />}
        </p>
        {event.agent_id !== null && !ofOneAgent ? (
          <Link href={agentAddress(event.agent_id)} className="block truncate font-mono text-xs leading-5 text-ink-2 hover:text-ink hover:underline">
            {event.agent_id}
          </Link>
        ) : (
          wide && <span className="hidden sm:block" />
        )}
        {text !== '' && (
          <p className="truncate text-xs leading-5 text-ink-3" title={text}>
            {text}
          </p>
        )}
      </div>
      {wide && <Moment at={at} now={now} />}
    </li>
  );
}

function Moment({ at, now }: { readonly at: number; readonly now: number }): ReactNode {
  return (
    <time dateTime={new Date(at).toISOString()} title={formatFull(at)} className="ml-auto shrink-0 text-xs text-ink-3">
      {formatMoment(at, now)}
    </time>
  );
}
