import type { Logger } from '../../../base/logger.ts';
import { messageOf, MusterError } from '../../../base/errors.ts';
import type { Outbound } from '../../../outbound/index.ts';
import type { OpenProvider } from './directory.ts';
import { addressOf } from './provider.ts';
import { modelsOf, targetsOf } from './routing.ts';

export interface Model {
  readonly id: string;
  readonly object: 'model';
  readonly created: number;
  readonly owned_by: string;
}

const FRESH_MS = 300_000;
const TIMEOUT_MS = 10_000;
const MOST_BYTES = 4_194_304;

/** What models there are: those that routes name, and what providers say they have where routes leave it open. */
export class Models {
  readonly #outbound: Pick<Outbound, 'request'>;
  readonly #log: Logger;
  readonly #said = new Map<string, { readonly at: number; readonly models: Promise<readonly Model[]> }>();

  constructor({ log, outbound }: { readonly outbound: Pick<Outbound, 'request'>; readonly log: Logger }) {
    this.#outbound = outbound;
    this.#log = log;
  }

  async list(providers: readonly OpenProvider[]): Promise<readonly Model[]> {
    const found = new Map<string, Model>();
    for (const { id, provider } of modelsOf(providers)) found.set(id, { id, object: 'model', created: 0, owned_by: provider });
    const open = providers.filter(
      ({ enabled, routes }) => enabled && (routes.length === 0 || routes.some(({ model }) => model.endsWith('*'))),
    );
    const said = await Promise.all(open.map(async (provider) => ({ provider, models: await this.#ask(provider) })));
    for (const { provider, models } of said)
      for (const model of models) {
        // What another provider would be asked for is not this one's to offer.
        if (found.has(model.id) || targetsOf(model.id, providers)[0]?.provider.name !== provider.name) continue;
        found.set(model.id, { ...model, owned_by: provider.name });
      }
    return [...found.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** What a provider says it has; nothing where it says nothing. */
  #ask(provider: OpenProvider): Promise<readonly Model[]> {
    const key = `${provider.name} ${provider.updatedAt}`;
    const known = this.#said.get(key);
    if (known !== undefined && performance.now() - known.at < FRESH_MS) return known.models;
    const models = askModels(provider, this.#outbound).catch((error: unknown) => {
      this.#log.warn({ provider: provider.name, error: messageOf(error) }, 'a provider does not say which models it has');
      return [];
    });
    if (this.#said.size > 200) this.#said.clear();
    this.#said.set(key, { at: performance.now(), models });
    return models;
  }
}

/** Throws PROVIDER_REFUSED or PROVIDER_FAILED, or what outbound throws. */
export async function askModels(provider: OpenProvider, outbound: Pick<Outbound, 'request'>): Promise<readonly Model[]> {
  const { body, status } = await outbound.request({
    url: addressOf(provider.baseUrl, '/models', ''),
    headers: provider.sent,
    timeoutMs: TIMEOUT_MS,
    mostBytes: MOST_BYTES,
  });
  if (status === 401 || status === 403)
    throw new MusterError('PROVIDER_REFUSED', `${provider.name} answered ${status} to the key it was given`);
  if (status !== 200)
    throw new MusterError('PROVIDER_FAILED', `${provider.name} answered ${status} when it was asked for its models`, {
      data: { status },
    });
  let said: unknown;
  try {
    said = JSON.parse(body);
  } catch (cause) {
    throw new MusterError('PROVIDER_FAILED', `${provider.name} answered with something that is not JSON`, { cause });
  }
  const list =
    typeof said === 'object' && said !== null && 'data' in said && Array.isArray(said.data) ? (said.data as readonly unknown[]) : [];
  return list.flatMap((each) => {
    const { created, id } = (typeof each === 'object' && each !== null ? each : {}) as {
      readonly id?: unknown;
      readonly created?: unknown;
    };
    if (typeof id !== 'string' || id === '') return [];
    return [{ id, object: 'model' as const, created: typeof created === 'number' ? created : 0, owned_by: provider.name }];
  });
}
