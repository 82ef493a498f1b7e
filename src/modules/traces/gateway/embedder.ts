import { MusterError } from '../../../base/errors.ts';
import type { Prices } from '../prices/index.ts';
import { readAsked } from './asked.ts';
import type { Caller } from './call.ts';
import { hear } from './conversation.ts';
import type { OpenProvider } from './directory.ts';
import { reckon } from './reckoning.ts';
import { targetsOf } from './routing.ts';
import { unitVector } from './similarity.ts';

/** What texts mean to a model, and what it cost to know. */
export interface Embedded {
  readonly vectors: readonly Float32Array[];
  /** USD, exact; undefined: nobody knows. */
  readonly cost: string | undefined;
  /** By whom it was said, the provider as prices know it. */
  readonly model: string;
  readonly provider: string | null;
  /** The answer as JSON, but for the vectors, which are long and tell a reader nothing. */
  readonly answer: string;
}

/** Asks a provider what texts mean. Throws NOT_FOUND where nobody serves the model, PROVIDER_FAILED for an answer that is none. */
export async function embed(
  texts: readonly string[],
  {
    caller,
    model,
    prices,
    providers,
    signal,
  }: {
    readonly caller: Caller;
    readonly model: string;
    readonly prices: Prices;
    readonly providers: readonly OpenProvider[];
    readonly signal: AbortSignal;
  },
): Promise<Embedded> {
  const targets = targetsOf(model, providers);
  if (targets.length === 0)
    throw new MusterError('NOT_FOUND', `no provider serves the model ${model}`, {
      remedy: '`muster gateway list` shows the models there are; `muster gateway add` adds one.',
    });
  const asked = readAsked('embeddings', Buffer.from(JSON.stringify({ model, input: texts, encoding_format: 'float' })));
  const answer = await caller.call(asked, { targets, headers: {}, signal });
  await new Promise<void>((resolve) => answer.tape.onOver(resolve));
  const heard = hear(asked, answer);
  if (heard.error !== undefined) throw new MusterError('PROVIDER_FAILED', `the model ${model} did not embed a text: ${heard.error}`);
  const data: unknown = heard.answer?.['data'];
  const vectors = (Array.isArray(data) ? data : []).flatMap(
    (each: { readonly embedding?: unknown } | null) => unitVector(each?.embedding) ?? [],
  );
  if (vectors.length !== texts.length)
    throw new MusterError('PROVIDER_FAILED', `the model ${model} gave ${vectors.length} vectors for ${texts.length} texts`);
  const { cost } = reckon({ outcome: 'provider', answer: heard.answer, provider: answer.priceProvider, model: answer.model }, prices);
  const { data: _vectors, ...rest } = heard.answer ?? {};
  return { vectors, cost, model: answer.model, provider: answer.priceProvider ?? answer.provider, answer: JSON.stringify(rest) };
}
