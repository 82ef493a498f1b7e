import type { Fence } from './fence.ts';

export interface SystemStateEntry {
  readonly key: string;
  readonly value: unknown;
  readonly updatedAt: number;
  readonly updatedBy: string | null;
  readonly revision: number;
}

/** Small JSON documents by key: the table system_state. */
export interface SystemState {
  get(key: string): Promise<SystemStateEntry | undefined>;
  list(filter: { readonly prefix?: string }, page: { readonly limit: number; readonly after?: string }): Promise<readonly SystemStateEntry[]>;
  /**
   * Writes in an operator's name, or, with a fence, in an agent's. `revision`: only if it is still at this one
   * (0: must not exist), else PRECONDITION_FAILED.
   */
  set(key: string, value: unknown, by: string | Fence, options?: { readonly revision?: number }): Promise<SystemStateEntry>;
  delete(key: string, by: string | Fence, options?: { readonly revision?: number }): Promise<boolean>;
}
