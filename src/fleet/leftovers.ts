import type { AgentId } from '../base/ids.ts';
import type { Supervisor } from './supervisor.ts';

/**
 * Agents this process no longer holds whose code has not ended, because it ignores its abort signal. They keep their slots,
 * and the same agent is not started beside its own former self.
 */
export class Leftovers {
  readonly #supervisors = new Set<Supervisor>();

  get size(): number {
    return this.#supervisors.size;
  }

  add(supervisor: Supervisor): void {
    if (!supervisor.busy) return;
    this.#supervisors.add(supervisor);
    void supervisor.ended.finally(() => this.#supervisors.delete(supervisor));
  }

  /** Resolves when nothing of this agent runs any more; undefined where nothing does. */
  endOf(agent: AgentId): Promise<unknown> | undefined {
    const own = [...this.#supervisors].filter((supervisor) => supervisor.agentId === agent);
    return own.length === 0 ? undefined : Promise.all(own.map((supervisor) => supervisor.ended));
  }
}
