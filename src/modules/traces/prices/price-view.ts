import { z } from 'zod';
import { isoTime, isoTimeOrNull } from '../../../http/time.ts';
import type { CustomPrice } from './custom-prices.ts';
import { CustomRates } from './custom-rates.ts';

export const PriceView = z.object({
  price_id: z.number(),
  model: z.string(),
  provider: z.string().nullable(),
  valid_from: z.iso.datetime().nullable().describe('null: always'),
  rates: CustomRates,
  source: z.enum(['custom', 'litellm']),
  created_by: z.string(),
  created_at: z.iso.datetime(),
});

/** A price as the API says it. */
export const priceView = ({
  priceId,
  model,
  provider,
  validFrom,
  rates,
  source,
  createdBy,
  createdAt,
}: CustomPrice): z.output<typeof PriceView> => ({
  price_id: priceId,
  model,
  provider,
  valid_from: isoTimeOrNull(validFrom),
  rates,
  source,
  created_by: createdBy,
  created_at: isoTime(createdAt),
});
