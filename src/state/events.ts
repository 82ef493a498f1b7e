import type { AgentId, Epoch, HostId } from '../base/ids.ts';

export type EventType = `${string}:${string}`;

export interface NewEvent {
  readonly type: EventType;
  readonly agentId?: AgentId | undefined;
  readonly hostId?: HostId | undefined;
  readonly epoch?: Epoch | undefined;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
}

export interface EventRecord {
  readonly id: string;
  readonly ts: number;
  readonly type: EventType;
  readonly agentId: AgentId | null;
  readonly hostId: HostId | null;
  readonly epoch: Epoch | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** An opaque place in the stream: a snapshot of which transactions it has seen. */
export type EventCursor = string;

export interface Events {
  append(events: readonly NewEvent[]): Promise<void>;
  /**
   * Events committed since `cursor`, oldest first, and the cursor after them. None is skipped, although identities commit
   * out of order: the cursor is a snapshot, and what it had not seen comes next. Without a cursor: nothing, and the present.
   */
  since(cursor: EventCursor | undefined, limit: number): Promise<{ readonly items: readonly EventRecord[]; readonly cursor: EventCursor }>;
  /** History, newest first. */
  list(filter: { readonly type?: string; readonly agentId?: AgentId; readonly from?: number; readonly to?: number }, page: { readonly limit: number; readonly before?: string }): Promise<readonly EventRecord[]>;
}
