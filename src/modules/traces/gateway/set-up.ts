import { z } from 'zod';
import { MusterError } from '../../../base/errors.ts';
import { text } from '../../../http/schemas.ts';
import type { Outbound } from '../../../outbound/index.ts';
import type { SharedState } from '../../../state/shared-state.ts';
import { openProvider } from './directory.ts';
import { endedBy } from './failure.ts';
import { askModels } from './models.ts';
import { KINDS, ProviderSettings, Route, sealedAs, type ProviderKind, type ProviderRecord } from './provider.ts';
import { beginAnew, writeEnded } from './provider-health.ts';
import { noProvider, Providers } from './providers.ts';

export const ProviderName = text(1, 63)
  .regex(/^[a-z0-9][a-z0-9_.-]*$/, 'lower-case letters, digits, _ . - only')
  .describe('Lower-case letters, digits, _ . -');

/** Nothing secret belongs here: the key is sealed, headers are shown. */
const HeaderName = z
  .string()
  .regex(/^[a-z0-9-]{1,60}$/, 'is a name in lower case')
  .refine(
    (name) => !/authorization|api-key|cookie|^host$|^content-|^transfer-|^connection$|token|secret/.test(name),
    'may not be set here',
  );

export const GivenProvider = z.strictObject({
  kind: z.enum(KINDS as readonly [ProviderKind, ...ProviderKind[]]).default('compatible'),
  base_url: text(1, 2_000).describe(
    'What OpenAI’s clients call its base URL, such as https://api.openai.com/v1; {model} stands for the model',
  ),
  api_key: text(1, 10_000).nullable().optional().describe('Its key, kept sealed. null: it needs none; left out: the one it has'),
  headers: z.record(HeaderName, text(0, 1_000)).default({}),
  routes: z.array(Route).max(500).default([]),
  priority: z.number().int().min(0).max(10_000).default(100),
  enabled: z.boolean().default(true),
  settings: ProviderSettings.prefault({}),
});
export type GivenProvider = z.output<typeof GivenProvider>;

/** Makes a provider, or changes it into this. Throws OUTBOUND_REFUSED for an address that may not be called, INVALID_INPUT for another's key. */
export async function putProvider(
  name: string,
  { api_key: key, base_url: baseUrl, ...given }: GivenProvider,
  { by, outbound, state }: { readonly state: SharedState; readonly outbound: Outbound; readonly by: string },
): Promise<ProviderRecord> {
  await refuseForbidden(baseUrl, outbound);
  const providers = new Providers(state.database);
  const there = await providers.get(name);
  if (key === undefined) refuseElsewhere(there, baseUrl);
  const apiKey = typeof key === 'string' ? await state.secrets.seal(key, sealedAs(name)) : key;
  const provider = await providers.put({ ...given, name, baseUrl, apiKey }, by);
  if (key !== undefined || there?.baseUrl !== baseUrl) await beginAnew(state.database, name);
  return provider;
}

/** A key belongs to its address: whoever points a provider elsewhere must know it. */
function refuseElsewhere(there: ProviderRecord | undefined, baseUrl: string): void {
  if (there === undefined || there.apiKey === null || new URL(there.baseUrl).origin === new URL(baseUrl).origin) return;
  throw new MusterError('INVALID_INPUT', 'another address needs its key said again', {
    remedy: 'Send api_key with base_url; null: it needs none.',
  });
}

/** What came of asking a provider for its models. */
export interface Tested {
  readonly provider: string;
  readonly reached: boolean;
  readonly models: number | null;
  readonly latency_ms: number;
  readonly error: string | null;
  readonly remedy: string | null;
}

/** Asks a provider for its models: so its address, its key and the way there are tried, and nothing is paid. What came of it counts for its health. Throws NOT_FOUND. */
export async function testProvider(
  name: string,
  { outbound, state }: { readonly state: SharedState; readonly outbound: Outbound },
): Promise<Tested> {
  const row = await new Providers(state.database).get(name);
  if (row === undefined) throw noProvider(name);
  const began = performance.now();
  const done = (): number => Math.round(performance.now() - began);
  try {
    const models = await askModels(await openProvider(row, state), outbound);
    await writeEnded(state.database, name, { ok: true });
    return { provider: name, reached: true, models: models.length, latency_ms: done(), error: null, remedy: null };
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    const ended = endedBy(error);
    if (ended !== undefined) await writeEnded(state.database, name, ended);
    return { provider: name, reached: false, models: null, latency_ms: done(), error: error.message, remedy: error.remedy };
  }
}

/** A mistake is told when it is made, not with the first request. */
async function refuseForbidden(baseUrl: string, outbound: Outbound): Promise<void> {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.hash !== '')
    throw new MusterError('INVALID_INPUT', 'base_url is no address of the web', { remedy: 'Write it as https://api.openai.com/v1.' });
  try {
    const { opened } = await outbound.resolve(url.hostname);
    if (url.protocol === 'http:' && !opened) throw new MusterError('OUTBOUND_REFUSED', `${url.host} may only be called with https`);
  } catch (error) {
    // A name that is not known now may be later, on another host; what may not be called never may.
    if (error instanceof MusterError && error.code === 'OUTBOUND_FAILED') return;
    throw error;
  }
}
