import type { AlertLevel } from '../../api/types.ts';
import type { Look } from '../../ui/look.tsx';

export interface Channel {
  readonly name: string;
  readonly type: string;
  /** null: its settings cannot be opened here. */
  readonly target: string | null;
  readonly enabled: boolean;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly sealed: boolean;
  readonly health: {
    readonly state: 'works' | 'failing' | 'unknown';
    readonly failures: number;
    readonly failing_since: string | null;
    /** The breaker is open until then. */
    readonly next_attempt_at: string | null;
    readonly last_error: string | null;
    readonly last_error_at: string | null;
    readonly last_success_at: string | null;
  };
  readonly waiting: number;
  readonly created_by: string;
  readonly created_at: string;
  readonly updated_at: string;
}

export type NotificationState = 'pending' | 'sending' | 'delivered' | 'failed' | 'cancelled';

export interface Attempt {
  readonly attempt: number;
  readonly started_at: string;
  readonly finished_at: string | null;
  readonly outcome: string | null;
  readonly status: number | null;
  readonly duration_ms: number | null;
  readonly error: string | null;
}

export interface Notification {
  readonly notification_id: string;
  readonly channel: string;
  readonly alert_id: string | null;
  readonly kind: string;
  readonly level: AlertLevel;
  readonly document: { readonly title?: string } | null;
  readonly state: NotificationState;
  readonly attempts: number;
  readonly next_attempt_at: string | null;
  readonly last_error: string | null;
  readonly created_at: string;
  readonly finished_at: string | null;
  readonly ledger: readonly Attempt[];
}

export const channelAddress = (name: string): string => `/channels/${encodeURIComponent(name).replaceAll('.', '%2E')}`;

export function channelLook({ enabled, health }: Channel): Look {
  if (!enabled) return { icon: 'pause', colour: 'text-idle', label: 'Off' };
  switch (health.state) {
    case 'works':
      return { icon: 'check', colour: 'text-ok', label: 'Works' };
    case 'failing':
      return { icon: 'critical', colour: 'text-bad', label: 'Failing' };
    case 'unknown':
      return { icon: 'unknown', colour: 'text-ink-3', label: 'Not used yet' };
  }
}

export const notificationLooks: Readonly<Record<NotificationState, Look>> = {
  pending: { icon: 'clock', colour: 'text-warn', label: 'Waiting' },
  sending: { icon: 'run_now', colour: 'text-accent', label: 'Sending' },
  delivered: { icon: 'check', colour: 'text-ok', label: 'Delivered' },
  failed: { icon: 'critical', colour: 'text-bad', label: 'Given up' },
  cancelled: { icon: 'close', colour: 'text-ink-3', label: 'Cancelled' },
};
