import { isMusterError } from '../../../base/errors.ts';
import type { Secrets } from '../../../state/secrets.ts';
import { isOver, type OutboxMessage } from './message.ts';
import { AWAY_RULE } from './notification.ts';

/** Lets whoever was sent a message take its alert on, without signing in. */
export interface Invitation {
  readonly alertId: string;
  /** Of the transition that was told: an acknowledgement after it uses the invitation up. */
  readonly seq: number;
  readonly channel: string;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
}

const ABOUT = 'invitation to acknowledge';
const VALID_MS = 7 * 86_400_000;

/** The last part of a link. Nobody can make one who has not the key that secrets are sealed with. */
export const sealInvitation = (secrets: Secrets, { alertId, channel, sentAt, seq }: Invitation): Promise<string> =>
  secrets.seal(JSON.stringify([alertId, seq, channel, sentAt]), ABOUT);

/** Undefined: it is not ours, or too old. */
export async function openInvitation(secrets: Secrets, token: string, now: number): Promise<Invitation | undefined> {
  try {
    const [alertId, seq, channel, sentAt] = JSON.parse(await secrets.open(token, ABOUT)) as [string, number, string, number];
    return now - sentAt > VALID_MS ? undefined : { alertId, seq, channel, sentAt };
  } catch (error) {
    if (isMusterError(error, 'SECRET_UNREADABLE')) return undefined;
    throw error;
  }
}

export interface MessageLinks {
  readonly url?: string;
  readonly acknowledgeUrl?: string;
}

/** Where a message leads, where people can reach Muster at `publicUrl`: to its alert, and while that fires and nobody has it, to taking it on. */
export async function linksTo(
  publicUrl: string | undefined,
  secrets: Secrets,
  message: OutboxMessage & { readonly channel: string; readonly sentAt: number },
): Promise<MessageLinks> {
  const { alertId, channel, document, sentAt, seq } = message;
  const { alert } = document;
  // The database that was away is an alert of no rule and has no page.
  if (publicUrl === undefined || alertId === null || alert === undefined || alert.rule === AWAY_RULE) return {};
  const base = publicUrl.replace(/\/+$/, '');
  const isOpen = !isOver(message) && alert.state === 'firing' && (alert.acknowledged_by ?? null) === null;
  return {
    url: document.url ?? `${base}/alerts/${alertId}`,
    ...(isOpen ? { acknowledgeUrl: `${base}/acknowledge/${await sealInvitation(secrets, { alertId, channel, sentAt, seq })}` } : {}),
  };
}
