import { isMusterError } from '../../../../base/errors.ts';
import type { Secrets } from '../../../../state/secrets.ts';
import type { RunKey } from '../../reads/run-store.ts';

const ABOUT = 'attachment of a run';
/** SDKs get what they were shown at once; a page that stood open for a while asks again. */
const VALID_MS = 3_600_000;

/** Lets whoever was shown a run get one attachment of it, without a key: SDKs send none there. */
export const attachmentToken = (secrets: Secrets, { runId, keepDays, day }: RunKey, name: string): Promise<string> =>
  secrets.seal(JSON.stringify([runId, keepDays, day, name, Date.now() + VALID_MS]), ABOUT);

/** Undefined: it is not ours, or too old. */
export async function openAttachmentToken(
  secrets: Secrets,
  token: string,
  now: number,
): Promise<{ readonly run: RunKey; readonly name: string } | undefined> {
  try {
    const [runId, keepDays, day, name, until] = JSON.parse(await secrets.open(token, ABOUT)) as [string, number, string, string, number];
    return now > until ? undefined : { run: { runId, keepDays, day }, name };
  } catch (error) {
    if (isMusterError(error, 'SECRET_UNREADABLE')) return undefined;
    throw error;
  }
}
