import type { Phase } from '../../agent/bounded-call.ts';
import type { HealthReport } from '../../agent/health.ts';
import type { RunStart } from '../../agent/run.ts';
import type { AgentSample } from '../../agent/sample.ts';
import type { EventPattern } from '../../agent/event-pattern.ts';
import type { DueTick } from '../../agent/tick-plan.ts';
import type { OutboundSettings } from '../../outbound/index.ts';
import type { TickProgress } from '../../state/agents.ts';
import type { EventRecord } from '../../state/events.ts';
import type { CrossedError, Packed } from './crossing.ts';

/**
 * What a host and the thread or process of one of its agents say to each other. Everything is bounded: values by size, requests
 * by number, and what only goes out (samples, events, log lines) waits in the agent's own memory until the host has heard the
 * batch before. So an agent that floods, floods itself.
 */
export const MOST_REQUESTS = 32;
export const MOST_WAITING_REQUESTS = 1_000;
export const MOST_TRANSACTIONS = 4;
/** Samples, events and lines in one batch. */
export const SAMPLES_A_BATCH = 5_000;
export const EVENTS_A_BATCH = 200;
export const LINES_A_BATCH = 200;

/** The exit code of an agent that ended because its host's trust in the lease had. */
export const LAPSED = 75;

/** What the agent is given to begin with. */
export interface Beginning {
  readonly agentId: string;
  readonly agentType: string;
  readonly hostId: string;
  readonly epoch: number;
  /** The module that defines it, and the type it has there: a slot's agent_type is another. */
  readonly url: string;
  readonly definedType: string;
  /** Laid under its configuration, as for every agent of the type here. */
  readonly defaults: Packed;
  /** As its row has it; its schema is applied over there. */
  readonly config: Packed;
  readonly ticks: TickProgress;
  readonly conditions: Conditions;
  readonly outbound: OutboundSettings;
  readonly ledger: {
    readonly runCount: number;
    readonly errorCount: number;
    readonly lastError: string | null;
    readonly runNumber: number;
  };
}

/** To the agent. */
export type ToAgent =
  | { readonly kind: 'begin'; readonly beginning: Beginning }
  /** Its life must end. */
  | { readonly kind: 'stop'; readonly reason: string }
  | { readonly kind: 'ask'; readonly id: number; readonly what: Question }
  /** To one of its requests. */
  | ({ readonly kind: 'answer'; readonly id: number } & Answer)
  /** The last batch was heard; the next may come. */
  | { readonly kind: 'heard' }
  /** Events it runs on. The next come when it has dealt with these. */
  | { readonly kind: 'events'; readonly events: readonly EventRecord[] }
  /** Something of it is other than before. */
  | { readonly kind: 'conditions'; readonly conditions: Conditions };

/** What its host knows and the agent's schedule goes by. */
export interface Conditions {
  /** By how much the time between runs is stretched. */
  readonly pace: number;
  /** The database's clock is ahead of the machine's by so much. */
  readonly aheadMs: number;
  readonly activeSince: number;
}

export type Question =
  | { readonly name: 'health' }
  | { readonly name: 'run_now' }
  | { readonly name: 'command'; readonly command: string; readonly payload: Packed }
  | { readonly name: 'reconfigure'; readonly config: Packed };

export type Answer = { readonly value: Packed } | { readonly error: CrossedError };

/** To the host. */
export type ToHost =
  /** It can be spoken to. */
  | { readonly kind: 'ready' }
  /** Its startup is done. */
  | { readonly kind: 'started'; readonly nextRunAt: number | undefined }
  /** A call of the agent's code begins. */
  | { readonly kind: 'called'; readonly phase: Phase; readonly timeoutMs: number }
  | { readonly kind: 'settled'; readonly phase: Phase }
  | { readonly kind: 'began'; readonly run: RunStart; readonly events: number }
  | { readonly kind: 'ran'; readonly run: RunStart; readonly outcome: CrossedOutcome }
  | { readonly kind: 'tick'; readonly tick: number; readonly what: 'begun' | 'ended' }
  | { readonly kind: 'missed'; readonly due: DueTick }
  /** It runs on events of these patterns from now on. */
  | { readonly kind: 'follow'; readonly patterns: readonly EventPattern[] }
  /** So many of the events it was given have had their run. */
  | { readonly kind: 'dealt'; readonly events: number }
  | { readonly kind: 'unclaimed'; readonly error: CrossedError }
  | { readonly kind: 'request'; readonly id: number; readonly operation: string; readonly args: Packed }
  | { readonly kind: 'said'; readonly said: Said }
  | ({ readonly kind: 'answer'; readonly id: number } & Answer)
  /** Nobody caught it: the end follows. */
  | { readonly kind: 'uncaught'; readonly error: CrossedError; readonly origin: string }
  | { readonly kind: 'ended'; readonly end: CrossedEnd };

export interface HealthAnswer {
  readonly report: HealthReport;
  readonly nextRunAt: number | undefined;
}

export type CrossedOutcome =
  | { readonly kind: 'succeeded'; readonly durationMs: number; readonly result: Packed }
  | { readonly kind: 'failed'; readonly durationMs: number; readonly error: CrossedError }
  | { readonly kind: 'interrupted'; readonly durationMs: number };

export type CrossedEnd =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'crashed'; readonly phase: 'startup' | 'run'; readonly error: CrossedError };

export type Level = 'debug' | 'info' | 'warn' | 'error';

/** What needs no answer. */
export interface Said {
  readonly samples: readonly AgentSample[];
  /** `data` as JSON; null where it was none, or too large. `hops` as in the call that told it. */
  readonly events: readonly { readonly type: string; readonly data: string | null; readonly hops: number }[];
  readonly lines: readonly {
    /** The run that said it. */
    readonly runId?: string;
    readonly level: Level;
    readonly message: string;
    readonly fields: string;
    readonly error?: CrossedError;
  }[];
  /** Given up since the last batch because too many waited. */
  readonly dropped: { readonly samples: number; readonly refused: number; readonly events: number; readonly lines: number };
}
