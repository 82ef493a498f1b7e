import { setTimeout as delay } from 'node:timers/promises';
import { MusterError, messageOf } from '../../base/errors.ts';
import type { AnyAgentDefinition } from '../definition.ts';
import { definitionOf } from './definition-of.ts';

const TIMEOUT_MS = 10_000;

/**
 * Loads a bundle into this process. Throws AGENT_INVALID where that throws or does not end, and where it is no agent. Node
 * remembers what it loaded, and that it failed, by the whole address: `attempt` makes it try again.
 */
export async function importCode(url: URL, attempt = 0): Promise<AnyAgentDefinition> {
  const address = new URL(url);
  if (attempt > 0) address.searchParams.set('attempt', String(attempt));
  const over = new AbortController();
  const tooLate = delay(TIMEOUT_MS, undefined, { signal: over.signal }).then(() => {
    throw new MusterError('AGENT_INVALID', `its code did not finish loading within ${TIMEOUT_MS / 1_000} s`, {
      remedy: 'Do nothing that waits while it is loaded: what takes time belongs in startup or run.',
    });
  });
  tooLate.catch(() => undefined); // cut short below
  try {
    const loaded = (await Promise.race([load(address), tooLate])) as { readonly default?: unknown };
    return definitionOf(loaded.default);
  } finally {
    over.abort();
  }
}

async function load(address: URL): Promise<unknown> {
  try {
    return (await import(address.href)) as unknown;
  } catch (error) {
    throw new MusterError('AGENT_INVALID', `loading its code throws: ${messageOf(error)}`, {
      remedy: 'Mend the file: nothing at its top may throw.',
      cause: error,
    });
  }
}
