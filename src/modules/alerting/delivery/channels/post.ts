import type { Delivery } from '../channel-type.ts';
import { outcomeOf, type Outcome } from '../outcome.ts';

/** As `attempt_seconds` at most. */
const LONGEST_MS = 30_000;

/** Posts a JSON document, and says what came of it. */
export async function postJson(
  { outbound, signal }: Pick<Delivery<unknown>, 'outbound' | 'signal'>,
  url: string,
  document: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const body = typeof document === 'string' ? document : JSON.stringify(document);
  const response = await outbound.request({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', 'user-agent': 'muster', ...headers },
    body,
    // The signal ends it, as long as the attempt may take.
    timeoutMs: LONGEST_MS,
    signal,
  });
  return outcomeOf(response, Date.now());
}
