/** Answers after which the same request may do better: the other side was too busy, or broke. 529 is Anthropic's word for busy. */
const RETRIED = new Set([408, 409, 425, 429, 500, 502, 503, 504, 529]);
/** Of these the provider itself is to blame, not the pace of its client. */
const BROKEN = new Set([500, 502, 503, 504, 529]);

const FIRST_MS = 500;
const MOST_MS = 8_000;
/** Longer than this nobody is kept waiting … */
export const PATIENCE_MS = 20_000;
/** … and with somewhere else to go not even so long. */
export const PATIENCE_WITH_FALLBACK_MS = 2_000;

export function isRetried(status: number, headers: Readonly<Record<string, string>> = {}): boolean {
  const said = headers['x-should-retry'];
  if (said === 'true' || said === 'false') return said === 'true';
  return RETRIED.has(status);
}

export const isBroken = (status: number): boolean => BROKEN.has(status);

/** The pause after the attempt of this number, from 1: exponential, and up to a half of it by chance, so that clients do not come in step. */
export function backOffMs(attempt: number, random: () => number): number {
  const whole = Math.min(MOST_MS, FIRST_MS * 2 ** (attempt - 1));
  return whole / 2 + (whole / 2) * random();
}

/** What the provider asks to wait, in milliseconds: `retry-after-ms`, or `retry-after` as seconds or a date. */
export function retryAfterMs(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const ms = Number(headers['retry-after-ms'] ?? Number.NaN);
  if (Number.isFinite(ms) && ms >= 0) return ms;
  const text = headers['retry-after'];
  if (text === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
