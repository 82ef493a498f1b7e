import { z } from 'zod';
import { MusterError } from '../../../base/errors.ts';
import type { Api } from '../../../http/api.ts';
import { principalOf, requireAllProjects } from '../../../http/principal.ts';
import { Nothing, problems, text, Time } from '../../../http/schemas.ts';
import { isoTime } from '../../../http/time.ts';
import type { ModuleServices } from '../../module.ts';
import { addPrice, changePrice, listPrices, removePrice } from './custom-prices.ts';
import { CustomRates } from './custom-rates.ts';
import { priceBookOf, PRICES_TOPIC } from './index.ts';
import { decimal } from './money.ts';
import { PriceView, priceView } from './price-view.ts';
import type { Rate } from './rates.ts';

const Model = text(1, 256).describe('In any case; a * at its end stands for any ending');
const PriceId = z.strictObject({ price_id: z.coerce.number().int().min(1) });
const NewPrice = z.strictObject({
  model: Model,
  provider: text(1, 64).optional().describe('Default: whoever provides it'),
  valid_from: Time.optional().describe('For runs that began from then on. Default: for all'),
  rates: CustomRates,
});

const AppliedView = z.object({
  provider: z.string().nullable(),
  model: z.string(),
  at: z.iso.datetime(),
  source: z.string().nullable().describe('Which price applies; null: none is known, and such runs have no cost'),
  per_million_tokens: z.record(z.string(), z.string()).nullable().describe('USD, below the first mark where the price has marks'),
});

/** Prices of one's own. */
export function addPriceRoutes(app: Api, services: Pick<ModuleServices, 'state' | 'wake'>): void {
  const { database } = services.state;
  const changed = (): void => {
    priceBookOf(services).forget();
    services.wake.hint(PRICES_TOPIC);
  };

  app.get(
    '/traces/prices',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['traces'],
        summary: 'List prices of models that stand before the built-in ones',
        querystring: z.strictObject({ model: Model.optional() }),
        response: { 200: z.object({ items: z.array(PriceView) }), ...problems() },
      },
    },
    async (request) => ({ items: (await listPrices(database, request.query.model)).map(priceView) }),
  );

  app.post(
    '/traces/prices',
    {
      config: { permission: 'traces:manage' },
      schema: {
        tags: ['traces'],
        summary: 'Add a price of a model, from a time on; runs that are there keep theirs',
        body: NewPrice,
        response: { 201: PriceView, ...problems(409, 413) },
      },
    },
    async (request, reply) => {
      requireAllProjects(principalOf(request));
      const { model, provider, valid_from, rates } = request.body;
      const price = { model, provider: provider ?? null, validFrom: valid_from ?? null, rates };
      const added = await addPrice(database, price, principalOf(request).subject);
      changed();
      return reply.code(201).send(priceView(added));
    },
  );

  app.put(
    '/traces/prices/:price_id',
    {
      config: { permission: 'traces:manage' },
      schema: {
        tags: ['traces'],
        summary: 'Correct a price; runs that are there keep theirs',
        params: PriceId,
        body: z.strictObject({ rates: CustomRates }),
        response: { 200: PriceView, ...problems(404, 413) },
      },
    },
    async (request) => {
      requireAllProjects(principalOf(request));
      const { price_id } = request.params;
      const price = await changePrice(database, price_id, request.body.rates, principalOf(request).subject);
      if (price === undefined) throw noPrice(price_id);
      changed();
      return priceView(price);
    },
  );

  app.delete(
    '/traces/prices/:price_id',
    {
      config: { permission: 'traces:manage' },
      schema: { tags: ['traces'], summary: 'Remove a price', params: PriceId, response: { 204: Nothing, ...problems(404) } },
    },
    async (request, reply) => {
      requireAllProjects(principalOf(request));
      if (!(await removePrice(database, request.params.price_id))) throw noPrice(request.params.price_id);
      changed();
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/traces/prices/applied',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['traces'],
        summary: 'Tell which price a model has at a time, and where it comes from',
        querystring: z.strictObject({ model: Model, provider: text(1, 64).optional(), at: Time.optional() }),
        response: { 200: AppliedView, ...problems() },
      },
    },
    async (request) => {
      const { model, provider, at = Date.now() } = request.query;
      const book = priceBookOf(services);
      await book.fresh();
      const price = book.priceOf({ provider, model, at: at * 1_000, usage: { input: 0, output: 0 } });
      const rates = price && {
        ...(price.rates.input && { input: perMillion(price.rates.input) }),
        ...(price.rates.output && { output: perMillion(price.rates.output) }),
        ...Object.fromEntries([...price.rates.inputKinds].map(([kind, rate]) => [`input_${kind}`, perMillion(rate)])),
        ...Object.fromEntries([...price.rates.outputKinds].map(([kind, rate]) => [`output_${kind}`, perMillion(rate)])),
      };
      return { provider: provider ?? null, model, at: isoTime(at), source: price?.source ?? null, per_million_tokens: rates ?? null };
    },
  );
}

const perMillion = ({ base }: Rate): string => decimal(BigInt(base) * 1_000_000n);

const noPrice = (priceId: number): MusterError =>
  new MusterError('NOT_FOUND', `there is no price ${priceId}`, { remedy: 'GET /api/v1/traces/prices lists those there are.' });
