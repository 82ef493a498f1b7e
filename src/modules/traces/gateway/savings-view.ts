import { z } from 'zod';
import type { Database } from '../../../db/database.ts';
import { IsoTime } from '../../../http/schemas.ts';
import { isoTime } from '../../../http/time.ts';
import { decimal, picoOfDecimal } from '../prices/money.ts';
import { savings, savingsByDay } from './ledger.ts';

const Usd = z
  .string()
  .describe('USD, an exact decimal')
  .meta({ examples: ['0.00018'] });

const Outcomes = z.enum(['provider', 'exact', 'coalesced', 'semantic', 'batch']);

export const SavingsView = z
  .object({
    from: IsoTime,
    to: IsoTime,
    cost: Usd.describe('What was paid'),
    saved: Usd.describe('What would have been paid besides: the sum of the rows'),
    items: z.array(
      z.object({
        outcome: Outcomes.describe(
          'Who answered: a provider, a kept answer, one that was under way, a kept answer to a similar request, a batch',
        ),
        requests: z.number().int(),
        prompt_tokens: z.number().int(),
        completion_tokens: z.number().int(),
        cost: Usd,
        saved: Usd,
        unpriced: z.number().int().describe('Requests whose usage or price nobody knows: they are in neither sum'),
      }),
    ),
    days: z
      .array(z.object({ day: z.iso.date(), outcome: Outcomes, requests: z.number().int(), cost: Usd, saved: Usd }))
      .describe('The same by day (UTC), the first day first'),
  })
  .meta({ id: 'GatewaySavings' });

/** What was paid and saved in a time: the sum of the rows of gateway_requests. `projects` null: of all. */
export async function savingsView(
  db: Database,
  range: { readonly from: number; readonly to: number; readonly projects: readonly string[] | null },
): Promise<z.output<typeof SavingsView>> {
  const [found, days] = await Promise.all([savings(db, range), savingsByDay(db, range)]);
  const sum = (of: 'cost' | 'saved'): string => decimal(found.reduce((total, each) => total + picoOfDecimal(each[of]), 0n));
  return {
    from: isoTime(range.from),
    to: isoTime(range.to),
    cost: sum('cost'),
    saved: sum('saved'),
    items: found.map(({ completionTokens, promptTokens, ...each }) => ({
      ...each,
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
    })),
    days: [...days],
  };
}
