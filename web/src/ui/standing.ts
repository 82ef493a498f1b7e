import type { Agent } from '../api/types.ts';

/** How an agent stands: what is observed, read in the light of what is desired. One word, one shape, one tone each. */
export type Standing =
  | 'running'
  | 'degraded'
  | 'silent'
  | 'crash_looping'
  | 'lost'
  | 'starting'
  | 'stopping'
  | 'waiting'
  | 'paused'
  | 'stopped'
  | 'open_slot';
export type Tone = 'ok' | 'warn' | 'bad' | 'busy' | 'idle';

/** A beat comes every 2 s and a lease lasts 8: an agent said to run that was not heard of for this long is not said to run here. */
export const silenceMs = 12_000;

export const standings: Readonly<Record<Standing, { readonly tone: Tone; readonly label: string; readonly meaning: string }>> = {
  lost: { tone: 'bad', label: 'Lost', meaning: 'Its host stopped renewing and nobody has taken over yet' },
  crash_looping: { tone: 'bad', label: 'Crash looping', meaning: 'It keeps failing and is restarted with growing pauses' },
  silent: { tone: 'warn', label: 'Silent', meaning: 'It should be beating and was not heard of for some seconds' },
  degraded: { tone: 'warn', label: 'Degraded', meaning: 'It runs, and says that something is wrong' },
  waiting: { tone: 'warn', label: 'Not running', meaning: 'It should run, and no host runs it' },
  starting: { tone: 'busy', label: 'Starting', meaning: 'A host has taken it and is starting it' },
  stopping: { tone: 'busy', label: 'Stopping', meaning: 'It was told to stop and is finishing' },
  running: { tone: 'ok', label: 'Running', meaning: 'It runs and beats' },
  paused: { tone: 'idle', label: 'Paused', meaning: 'Somebody paused it' },
  stopped: { tone: 'idle', label: 'Stopped', meaning: 'It is not meant to run' },
  open_slot: { tone: 'idle', label: 'Open slot', meaning: 'A place kept free for an agent to come' },
};

/** Worst first: the order of lists and legends. */
export const standingOrder = Object.keys(standings) as readonly Standing[];

export function standingOf(agent: Pick<Agent, 'state' | 'status' | 'slot_status' | 'last_heartbeat_at'>, now: number): Standing {
  if (agent.state === 'inactive' && agent.slot_status === 'available') return 'open_slot';
  switch (agent.status) {
    case 'running':
    case 'degraded': {
      const heard = agent.last_heartbeat_at === null ? undefined : Date.parse(agent.last_heartbeat_at);
      if (heard === undefined || now - heard > silenceMs) return 'silent';
      return agent.state === 'paused' ? 'paused' : agent.status;
    }
    case 'stopped':
      return agent.state === 'active' ? 'waiting' : agent.state === 'paused' ? 'paused' : 'stopped';
    case 'starting':
    case 'stopping':
    case 'crash_looping':
    case 'lost':
      return agent.status;
  }
}

/** Present at the roll call: it answers. */
export function isPresent(standing: Standing): boolean {
  return standing === 'running' || standing === 'degraded';
}

/** Expected at the roll call: it is meant to run. */
export function isExpected(agent: Pick<Agent, 'state'>): boolean {
  return agent.state === 'active';
}

export const toneText: Readonly<Record<Tone, string>> = {
  ok: 'text-ok',
  warn: 'text-warn',
  bad: 'text-bad',
  busy: 'text-accent',
  idle: 'text-idle',
};
