import type { ReactNode } from 'react';
import { dismiss, type Given, isOpen, useGiven, type Verb } from '../live/commands.ts';
import { formatSeconds } from '../ui/format.ts';
import { Icon } from '../ui/icons.tsx';
import { Prose } from '../ui/primitives.tsx';

export const verbLabels: Readonly<Record<Verb, string>> = {
  start: 'Start',
  stop: 'Stop',
  restart: 'Restart',
  pause: 'Pause',
  resume: 'Resume',
  run_now: 'Run now',
};

/** What became of the commands given here: never "done" before the agent's host has said so. */
export function CommandTray(): ReactNode {
  const given = useGiven();
  return (
    <section
      aria-label="Commands given"
      aria-live="polite"
      className="pointer-events-none fixed right-4 bottom-18 z-20 flex w-[min(22rem,calc(100vw-2rem))] flex-col gap-2 lg:bottom-4"
    >
      {given.map((each) => (
        <Notice key={each.key} given={each} />
      ))}
    </section>
  );
}

function Notice({ given }: { readonly given: Given }): ReactNode {
  const open = isOpen(given.state);
  const good = given.state === 'done';
  const took = given.command?.finished_at ? Date.parse(given.command.finished_at) - Date.parse(given.command.created_at) : undefined;
  return (
    <div className="pointer-events-auto flex items-start gap-3 rounded-lg border border-line-strong bg-surface px-3.5 py-3 shadow-[0_12px_32px_-8px_var(--shadow)]">
      <span className={`mt-0.5 ${open ? 'text-accent' : good ? 'text-ok' : 'text-bad'}`}>
        <Icon name={open ? 'restart' : good ? 'check' : 'critical'} className={open ? 'turning' : ''} />
      </span>
      <div className="min-w-0 flex-1">
        <p className="font-medium">
          {verbLabels[given.verb]} <span className="font-mono text-xs [overflow-wrap:anywhere]">{given.agentId}</span>
        </p>
        <p className="text-xs text-ink-2">
          <Prose text={sentence(given, took)} />
        </p>
      </div>
      <button
        type="button"
        aria-label="Dismiss"
        className="-m-1 flex size-6 items-center justify-center rounded-md text-ink-3 hover:bg-raised hover:text-ink"
        onClick={() => dismiss(given.key)}
      >
        <Icon name="close" className="size-3.5" />
      </button>
    </div>
  );
}

function sentence({ state, command, problem }: Given, took: number | undefined): string {
  switch (state) {
    case 'sending':
      return 'Sending…';
    case 'pending':
      return 'Recorded; waiting for the host that holds the agent.';
    case 'running':
      return 'A host has taken it and is at it.';
    case 'done':
      return took === undefined ? 'Done.' : `Done in ${formatSeconds(took / 1_000)}.`;
    case 'failed':
      return `Failed: ${command?.error ?? 'no reason was given'}`;
    case 'expired':
      return 'Expired: no host took it in time. Is one running that knows this type?';
    case 'refused':
      return `Refused: ${problem?.message ?? 'no reason was given'} ${problem?.remedy ?? ''}`;
  }
}
