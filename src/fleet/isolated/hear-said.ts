import type { AgentContext } from '../../agent/context.ts';
import type { EventType } from '../../state/events.ts';
import type { AgentEventData } from '../fleet-event.ts';
import { revive } from './crossing.ts';
import type { Said } from './protocol.ts';

/** What no event may hold: the host refuses it and counts it, as it would for an agent of its own thread. */
const NO_DATA = [] as unknown as Readonly<Record<string, unknown>>;

/** Passes on what an isolated agent has said, as if it had been said here. */
export function hearSaid(said: Said, contextOf: (runId?: string, hops?: number) => AgentContext<never>, now: number): void {
  const ctx = contextOf();
  for (const { name, ...sample } of said.samples) ctx.metric(name, sample.value, sample);
  // Counted as refused, like those that reach the outbox.
  for (let refused = 0; refused < Math.min(said.dropped.refused, 100_000); refused += 1) ctx.metric('refused', Number.NaN, { at: now });
  for (const { type, data, hops } of said.events) {
    contextOf(undefined, hops).emit(type as EventType, data === null ? NO_DATA : (JSON.parse(data) as Readonly<Record<string, unknown>>));
  }
  for (const { runId, level, message, fields, error } of said.lines) {
    contextOf(runId).log[level]({ ...(JSON.parse(fields) as object), ...(error !== undefined && { err: revive(error) }) }, message);
  }
  const { samples, events, lines } = said.dropped;
  if (samples > 0) ctx.emit('agent:flooding', { dropped_samples: samples } satisfies AgentEventData['agent:flooding']);
  if (samples + events + lines > 0) {
    ctx.log.warn(
      { dropped_samples: samples, dropped_events: events, dropped_lines: lines },
      `the agent says more than can be written: ${samples} samples, ${events} events and ${lines} log lines were dropped`,
    );
  }
}
