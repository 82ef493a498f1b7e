import type { AgentId, Epoch, HostId } from '../base/ids.ts';

/** In whose name a write is made. Every write on an agent's behalf takes one; there is no way to write without. */
export interface Fence {
  readonly hostId: HostId;
  readonly agentId: AgentId;
  readonly epoch: Epoch;
}
