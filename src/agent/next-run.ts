import type { TickProgress } from '../state/agents.ts';
import { phaseOf, type CompiledSchedule } from './schedule.ts';
import { planTick } from './tick-plan.ts';

/** When an agent that is wanted runs next by its schedule, as far as its row tells: `now` where something is due; undefined where it waits for events or commands. */
export function nextRunAt(schedule: CompiledSchedule, agentId: string, progress: TickProgress, now: number): number | undefined {
  const { due, next } = planTick(schedule, schedule.grid(phaseOf(agentId)), progress, now, now);
  return due === undefined ? next : now;
}
