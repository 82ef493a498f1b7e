import { MusterError } from '../../../base/errors.ts';

/** What a key may do; null: as much as it wants. */
export interface Limits {
  readonly usdPerDay: number | null;
  readonly usdPerMonth: number | null;
  /** Refuse beyond the budget; otherwise only say so. */
  readonly isHard: boolean;
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
}

/** What it did, all servers together. */
export interface Use {
  readonly usdToday: number;
  readonly usdThisMonth: number;
  readonly requestsThisMinute: number;
  readonly tokensThisMinute: number;
}

/** While a request is judged: it is counted among the requests of the minute. */
export interface Used extends Use {
  /** By the database's clock, milliseconds since 1970. */
  readonly now: number;
}

/** What is said to a client whose budget is spent, and to whom that is allowed. */
export interface Judgement {
  readonly refusal: MusterError | undefined;
  /** Beyond a budget that only warns. */
  readonly warning: string | undefined;
}

/** Whether a request may go on. The tokens of one that is under way are counted when it is over: the limit is met by the request after it. */
export function judge(limits: Limits, used: Used): Judgement {
  const { isHard, requestsPerMinute, tokensPerMinute, usdPerDay, usdPerMonth } = limits;
  const toMinute = secondsUntil(used.now, 60_000);
  if (requestsPerMinute !== null && used.requestsThisMinute > requestsPerMinute)
    return refuse(
      new MusterError(
        'RATE_LIMITED',
        `this key may make ${requestsPerMinute} ${requestsPerMinute === 1 ? 'request' : 'requests'} a minute`,
        {
          data: { retryAfterSeconds: toMinute },
        },
      ),
    );
  if (tokensPerMinute !== null && used.tokensThisMinute >= tokensPerMinute)
    return refuse(
      new MusterError('RATE_LIMITED', `this key may use ${tokensPerMinute} tokens a minute, and has used ${used.tokensThisMinute}`, {
        data: { retryAfterSeconds: toMinute },
      }),
    );
  const spent =
    usdPerMonth !== null && used.usdThisMonth >= usdPerMonth
      ? { words: `${usdPerMonth} USD a month`, after: secondsUntilMonth(used.now) }
      : usdPerDay !== null && used.usdToday >= usdPerDay
        ? { words: `${usdPerDay} USD a day`, after: secondsUntil(used.now, 86_400_000) }
        : undefined;
  if (spent === undefined) return { refusal: undefined, warning: undefined };
  const words = `the budget of this key, ${spent.words}, is spent`;
  if (!isHard) return { refusal: undefined, warning: words };
  return refuse(
    new MusterError('BUDGET_SPENT', words, {
      data: { retryAfterSeconds: spent.after, type: 'insufficient_quota', code: 'insufficient_quota' },
    }),
  );
}

export const hasLimits = (limits: Limits): boolean =>
  limits.usdPerDay !== null || limits.usdPerMonth !== null || limits.requestsPerMinute !== null || limits.tokensPerMinute !== null;

const refuse = (refusal: MusterError): Judgement => ({ refusal, warning: undefined });

const secondsUntil = (now: number, everyMs: number): number => Math.max(1, Math.ceil((everyMs - (now % everyMs)) / 1_000));

/** Months are those of UTC, as days are. */
function secondsUntilMonth(now: number): number {
  const at = new Date(now);
  return Math.max(1, Math.ceil((Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1) - now) / 1_000));
}
