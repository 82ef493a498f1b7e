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
  [/^(alert:firing|incident:opened)$/, { icon: 'critical', colour: 'text-bad' }],
  [/^(alert|incident):resolved$/, { icon: 'check', colour: 'text-ok' }],
  [/:(degraded|stuck|moved)$/, { icon: 'warning', colour: 'text-warn' }],
  [/:(started|recovered|joined|confirmed|unstuck|done)$/, { icon: 'check', colour: 'text-ok' }],
  [/:(stopped|removed|deleted)$/, { icon: 'stop', colour: 'text-idle' }],
];

const bandLooks: Readonly<Record<string, EventLook>> = {
  healthy: { icon: 'check', colour: 'text-ok' },
  degraded: { icon: 'warning', colour: 'text-warn' },
  unhealthy: { icon: 'critical', colour: 'text-bad' },
  critical: { icon: 'critical', colour: 'text-bad' },
};

export function lookOf({ type, data }: Pick<FleetEvent, 'type' | 'data'>): EventLook {
  const neutral: EventLook = { icon: 'info', colour: 'text-ink-3' };
  if (type === 'health:changed') return bandLooks[said(data['band'])] ?? neutral;
  return looks.find(([pattern]) => pattern.test(type))?.[1] ?? neutral;
}

/** The line a person reads: the reason or error where the event carries one, else its small facts. */
export function gist({ type, data }: Pick<FleetEvent, 'type' | 'data'>): string {
  if (type === 'health:changed') {
    const subject = said(data['subject']).replace(/^(agent|host):/, '');
    const bands = [...new Set([said(data['previous_band']), said(data['band'])])].join(' → ');
    return [`${subject} ${bands}`, said(data['because'])].filter((part) => part !== '').join(', ');
  }
  const reason = ['reason', 'error', 'because', 'message', 'summary', 'title'].map((key) => said(data[key])).find((text) => text !== '');
  if (reason !== undefined) return reason;
  return Object.entries(data)
    .filter(([key, value]) => key !== 'agent_type' && said(value) !== '')
    .slice(0, 4)
    .map(([key, value]) => `${words(key)} ${said(value)}`)
    .join(', ');
}

function said(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

export function EventItem({
  event,
  now,
  fresh,
  wide = false,
  ofOneAgent = false,
}: {
  readonly event: FleetEvent;
  readonly now: number;
  readonly fresh: boolean;
  readonly wide?: boolean;
  readonly ofOneAgent?: boolean;
}): ReactNode {
  const at = Date.parse(event.ts);
  const { icon, colour } = lookOf(event);
  const text = gist(event);
  // The agent that judged or measured is not whom the event is about.
  const about = /^(agent|command):/.test(event.type);
  return (
    <li className={`flex min-w-0 gap-2.5 border-b border-line px-4 py-1.5 last:border-0 ${fresh ? 'arrive' : ''}`}>
      <Icon name={icon} className={`mt-0.5 size-3.5 ${colour}`} />
      <div className={`min-w-0 flex-1 ${wide ? 'sm:grid sm:grid-cols-[minmax(0,16rem)_minmax(0,16rem)_minmax(0,1fr)] sm:gap-x-4' : ''}`}>
        <p className="flex min-w-0 items-baseline gap-2">
          <span className="min-w-0 truncate font-medium">{words(event.type).replace(':', ' ')}</span>
          {!wide && <Moment at={at} now={now} />}
        </p>
        {event.agent_id !== null && !ofOneAgent && (wide || about || text === '') ? (
          <Link
            href={agentAddress(event.agent_id)}
            className="block truncate font-mono text-xs leading-5 text-ink-2 hover:text-ink hover:underline"
          >
            {event.agent_id}
          </Link>
        ) : (
          wide && <span className="hidden sm:block" />
        )}
        {text !== '' && (
          <p className={`text-xs leading-5 text-ink-3 ${wide ? 'truncate' : 'line-clamp-2'}`} title={text}>
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
