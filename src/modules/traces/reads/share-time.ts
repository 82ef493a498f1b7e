import { durationMs } from '../../../base/duration.ts';
import { messageOf, MusterError } from '../../../base/errors.ts';

const SHORTEST_MS = 60_000;
const LONGEST_MS = 366 * 86_400_000;

/** How long an address stays open, in milliseconds. Throws INVALID_INPUT. */
export function within(text: string): number {
  try {
    const ms = durationMs(text);
    if (ms >= SHORTEST_MS && ms <= LONGEST_MS) return ms;
  } catch (cause) {
    throw new MusterError('INVALID_INPUT', `expires_in: ${messageOf(cause)}`, { remedy: "Write it as '12h' or '7d'.", cause });
  }
  throw new MusterError('INVALID_INPUT', `expires_in: ${text} is out of range`, { remedy: 'Choose between 1m and 366d.' });
}
