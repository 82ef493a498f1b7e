import { messageOf } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { SharedState } from '../../../state/shared-state.ts';
import { Fresh } from './fresh.ts';
import { PROVIDER_KINDS, sealedAs, type ProviderRecord } from './provider.ts';
import { Providers } from './providers.ts';

/** A provider as requests need it: with the headers that carry its key. */
export interface OpenProvider extends ProviderRecord {
  readonly sent: Readonly<Record<string, string>>;
}

/** The providers, in memory, with their keys opened. */
export function directoryOf(state: SharedState, log: Logger): Fresh<readonly OpenProvider[]> {
  const open = async (row: ProviderRecord): Promise<OpenProvider | undefined> => {
    try {
      return await openProvider(row, state);
    } catch (error) {
      // One whose key was sealed elsewhere must not take the others with it.
      log.error({ provider: row.name, error: messageOf(error) }, 'the key of a provider cannot be opened; it is left out');
      return undefined;
    }
  };
  const load = async (): Promise<readonly OpenProvider[]> => {
    const rows = await new Providers(state.database).list();
    return (await Promise.all(rows.map(open))).filter((each) => each !== undefined);
  };
  return new Fresh(load, { log, what: 'the providers of the gateway' });
}

/** Throws SECRET_UNREADABLE. */
export async function openProvider(row: ProviderRecord, { secrets }: Pick<SharedState, 'secrets'>): Promise<OpenProvider> {
  if (row.apiKey === null) return { ...row, sent: row.headers };
  const key = await secrets.open(row.apiKey, sealedAs(row.name));
  const { keyHeader } = PROVIDER_KINDS[row.kind];
  return { ...row, sent: { ...row.headers, [keyHeader]: keyHeader === 'authorization' ? `Bearer ${key}` : key } };
}
