import { calcPrice, findProvider } from '@pydantic/genai-prices';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUILT_IN_PRICES, tierIn, type ServiceTier } from './index.ts';
import { decimal, picoOf, usdOf } from './money.ts';

const AT = Date.parse('2026-11-20T12:00:00Z');
const price = (
  provider: string | undefined,
  model: string,
  usage: { input: number; output: number; inputDetails?: Record<string, number> },
  batch = false,
) => BUILT_IN_PRICES.priceOf({ provider, model, at: AT * 1_000, usage, batch });

describe('the built-in prices', () => {
  it('reckon for every model of the common providers what genai-prices reckons', () => {
    let compared = 0;
    for (const providerId of ['openai', 'anthropic', 'google', 'azure', 'mistral', 'deepseek', 'groq', 'aws', 'x-ai']) {
      for (const { id } of findProvider({ providerId })?.models ?? []) {
        const theirs = (at: Date, tokens: object) => calcPrice({ ...tokens }, id, { providerId, timestamp: at });
        if (theirs(new Date(AT), {}) === null) continue;
        for (const at of [AT, Date.parse('2025-03-01T20:00:00Z')])
          for (const [input, output, read] of [
            [1_000, 100, 400],
            [250_000, 3_000, 100_000],
            [0, 0, 0],
          ] as const) {
            const expected = theirs(new Date(at), { input_tokens: input, output_tokens: output, cache_read_tokens: read });
            const ours = BUILT_IN_PRICES.priceOf({
              provider: providerId,
              model: id,
              at: at * 1_000,
              usage: { input, output, inputDetails: { cache_read: read } },
            });
            // No tokens have a price: then theirs is 0 and ours unknown.
            if (ours === undefined) expect(expected?.total_price, id).toBe(0);
            else expect(Number(ours.totalCost), `${providerId} ${id}`).toBeCloseTo(expected?.total_price ?? Number.NaN, 10);
            compared++;
          }
      }
    }
    expect(compared).toBeGreaterThan(500);
  });

  it('follow the greedy rule: a kind that has a price at its price, the rest at the base price', () => {
    expect(price('openai', 'gpt-4o', { input: 20, output: 0, inputDetails: { cache_read: 5, unheard_of: 3 } })?.inputCost).toBe(
      '0.00004375',
    );
    // More kinds than tokens: nothing is paid twice.
    expect(price('openai', 'gpt-4o', { input: 20, output: 0, inputDetails: { cache_read: 500 } })?.inputCost).toBe('0.000025');
  });

  it('know a model by the names that instrumentation gives it', () => {
    const usage = { input: 1_000_000, output: 0 };
    for (const [provider, model] of [
      ['openai', 'gpt-4o'],
      ['openai.chat', 'gpt-4o'],
      ['azure_openai', 'gpt-4o'],
      [undefined, 'openai/gpt-4o'],
      [undefined, 'gpt-4o-2024-08-06'],
      ['openai', 'openai/gpt-4o'],
    ] as const)
      expect(price(provider, model, usage)?.totalCost, `${provider} ${model}`).toBe('2.5');
    expect(price('google_genai', 'models/gemini-2.5-flash', usage)?.totalCost).toBe('0.3');
    expect(price('google_vertexai', 'gemini-2.5-pro', { input: 100_000, output: 0 })?.totalCost).toBe('0.125');
  });

  it('know no price for what nobody sells: a model at home, one of a made-up name', () => {
    for (const [provider, model] of [
      ['ollama', 'gpt-4o'],
      ['openai', 'no-such-model'],
      [undefined, ''],
      ['__proto__', '__proto__'],
      ['', '/'],
    ] as const)
      expect(price(provider, model, { input: 10, output: 10 }), model).toBeUndefined();
  });

  it('stay exact where a call costs more than a double can tell', () => {
    const most = 2 ** 31 - 1;
    expect(price('openai', 'o1-pro', { input: most, output: most })?.totalCost).toBe('1610612.73525');
  });

  it('halve for a batch where the provider does, and say so', () => {
    const usage = { input: 1_000_000, output: 0 };
    expect(price('openai', 'gpt-4o', usage, true)).toMatchObject({ totalCost: '1.25', source: 'openai/gpt-4o:batch' });
    expect(price('deepseek', 'deepseek-chat', usage, true)?.source).toBe('deepseek/deepseek-chat');
  });

  it('are those of batches for OpenAI’s flex tier, and for a tier without a price the standard ones, which is said', () => {
    const of = (provider: string, model: string, tier: ServiceTier) =>
      BUILT_IN_PRICES.priceOf({ provider, model, at: AT * 1_000, tier, usage: { input: 1_000_000, output: 0 } });
    expect(of('openai', 'gpt-4o', 'flex')).toMatchObject({ totalCost: '1.25', source: 'openai/gpt-4o:flex' });
    expect(of('openai', 'gpt-4o', 'priority')).toMatchObject({ totalCost: '2.5', source: 'openai/gpt-4o:standard' });
    expect(of('deepseek', 'deepseek-chat', 'flex')?.source).toBe('deepseek/deepseek-chat:standard');
  });
});

describe('the tier of an answer', () => {
  it('is what it says itself, or what its kinds of tokens are called', () => {
    expect(tierIn('{"id":1,"service_tier": "priority"}')).toBe('priority');
    expect(tierIn('{"message":{"response_metadata":{"service_tier":"flex"}}}')).toBe('flex');
    expect(tierIn('{"content":"say \\"service_tier\\":\\"flex\\""}')).toBeUndefined();
    expect(tierIn('{"service_tier":"default"}')).toBeUndefined();
    expect(tierIn(undefined, {}, { priority_reasoning: 3 })).toBe('priority');
    expect(tierIn(undefined, { flexible: 3 })).toBeUndefined();
  });
});

describe('an amount of money', () => {
  it('is exact, however small or often added', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 21n - 1n }),
        (pico) => picoOf(decimal(pico)) === pico && (pico > 2n ** 53n || decimal(Number(pico)) === decimal(pico)),
      ),
    );
    expect(usdOf(0.1)).toBe('0.1');
    expect(usdOf(1e-7)).toBe('0.0000001');
    expect(usdOf('1.5e-3')).toBe('0.0015');
  });

  it('is none where it is no sensible number', () => {
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, '', 'free', '1e99', '-1', null, {}, [], true])
      expect(usdOf(value), JSON.stringify(value)).toBeUndefined();
  });
});
