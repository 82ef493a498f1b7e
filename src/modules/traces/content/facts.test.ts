import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { factsOf, type RunSaid } from './index.ts';

const AT = Date.parse('2026-11-20T12:00:00Z') * 1_000;
const llm = (said: { extra?: unknown; outputs?: unknown; events?: unknown; runType?: RunSaid['runType'] }) =>
  factsOf({
    runType: 'runType' in said ? said.runType : 'llm',
    startTime: AT,
    extra: said.extra === undefined ? undefined : JSON.stringify(said.extra),
    outputs: said.outputs === undefined ? undefined : JSON.stringify(said.outputs),
    events: said.events === undefined ? undefined : JSON.stringify(said.events),
  });
const openai = (more: object = {}) => ({ metadata: { ls_provider: 'openai', ls_model_name: 'gpt-4o-mini-2024-07-18', ...more } });
const lookUp = (outputs: object, extra: object = openai()) => {
  const { promptTokens, completionTokens, totalTokens } = llm({ outputs, extra });
  return [promptTokens, completionTokens, totalTokens];
};
const METADATA = { input_tokens: 20, output_tokens: 7, total_tokens: 27 };

describe('what a run used', () => {
  it('is found wherever an SDK puts it', () => {
    for (const outputs of [
      { usage_metadata: METADATA },
      { message: { role: 'assistant', usage_metadata: METADATA } },
      { output: { lc: 1, kwargs: { content: 'x', usage_metadata: METADATA } } },
      { generations: [[{ text: 'x', message: { kwargs: { usage_metadata: METADATA } } }]] },
      { llmOutput: { tokenUsage: { promptTokens: 20, completionTokens: 7, totalTokens: 27 } }, generations: [[{ text: 'x' }]] },
      { llm_output: { token_usage: { prompt_tokens: 20, completion_tokens: 7, total_tokens: 27 } } },
      { usage: { prompt_tokens: 20, completion_tokens: 7, total_tokens: 27 } },
      { usage: { input_tokens: 20, output_tokens: 7 } },
      { usageMetadata: { promptTokenCount: 20, candidatesTokenCount: 4, thoughtsTokenCount: 3, totalTokenCount: 27 } },
      { usage: { inputTokens: { total: 20, noCache: 20 }, outputTokens: { total: 7 } } },
    ])
      expect(lookUp(outputs), JSON.stringify(outputs)).toEqual([20, 7, 27]);
  });

  it('is what the application itself said, before what its model client returned', () => {
    const mine = { input_tokens: 1, output_tokens: 2, total_tokens: 3 };
    expect(lookUp({ usage_metadata: METADATA }, openai({ usage_metadata: mine }))).toEqual([1, 2, 3]);
    expect(lookUp({ usage_metadata: METADATA, usage: { prompt_tokens: 9, completion_tokens: 9 } })).toEqual([20, 7, 27]);
  });

  it('is the sum over the prompts of a batch, and of several answers to one prompt the first', () => {
    const answer = { message: { kwargs: { usage_metadata: METADATA } } };
    expect(lookUp({ generations: [[answer, answer], [answer]] })).toEqual([40, 14, 54]);
  });

  it('counts for calls of models only, and is given where the type is not said', () => {
    expect(llm({ outputs: { usage_metadata: METADATA }, extra: openai(), runType: 'chain' }).totalTokens).toBeUndefined();
    expect(llm({ outputs: { usage_metadata: METADATA }, extra: openai(), runType: 'embedding' }).totalTokens).toBe(27);
    expect(llm({ outputs: { usage_metadata: METADATA }, extra: openai(), runType: undefined }).totalTokens).toBe(27);
  });

  it('keeps kinds of tokens as parts of the totals, under one name each', () => {
    const usage = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 };
    const facts = llm({
      extra: openai(),
      outputs: { usage: { ...usage, prompt_tokens_details: { cached_tokens: 400 }, completion_tokens_details: { reasoning_tokens: 64 } } },
    });
    expect(facts).toMatchObject({ promptTokens: 1_000, completionTokens: 100, totalTokens: 1_100, totalCost: '0.00018' });
    expect(JSON.parse(facts.usage ?? '')).toEqual({
      input_token_details: { cache_read: 400 },
      output_token_details: { reasoning: 64 },
      price: 'openai/gpt-4o-mini',
    });
  });

  it('adds what Anthropic leaves out of its input', () => {
    const anthropic = { metadata: { ls_provider: 'anthropic', ls_model_name: 'claude-sonnet-4-5' } };
    const raw = { input_tokens: 100, output_tokens: 10, cache_read_input_tokens: 40, cache_creation_input_tokens: 20 };
    const facts = llm({
      extra: anthropic,
      outputs: { usage: { ...raw, cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 15 } } },
    });
    expect(facts.promptTokens).toBe(160);
    expect(JSON.parse(facts.usage ?? '')).toMatchObject({
      input_token_details: { cache_read: 40, cache_creation: 20, cache_creation_1h: 15 },
    });
    // 100 × 3 + 40 × 0.3 + 5 × 3.75 + 15 × 6, and 10 × 15, a million
    expect(facts.inputCost).toBe('0.00042075');
    expect(facts.totalCost).toBe('0.00057075');
    const tooMuch = { input_tokens: 3, output_tokens: 10, total_tokens: 13, input_token_details: { cache_read: 5_000 } };
    expect(llm({ extra: anthropic, outputs: { usage_metadata: tooMuch } }).promptTokens).toBe(5_003);
    const inclusive = {
      input_tokens: 60,
      output_tokens: 10,
      total_tokens: 70,
      input_token_details: { cache_read: 40, cache_creation: 20 },
    };
    expect(llm({ extra: anthropic, outputs: { usage_metadata: inclusive } }).promptTokens).toBe(60);
  });
});

describe('what a run cost', () => {
  it('is what the client says, where it says it', () => {
    const said = llm({ extra: openai(), outputs: { usage_metadata: { ...METADATA, input_cost: 0.1, output_cost: 0.2 } } });
    expect(said).toMatchObject({ inputCost: '0.1', outputCost: '0.2', totalCost: '0.3' });
    expect(JSON.parse(said.usage ?? '')).toEqual({ price: 'client' });
    expect(llm({ extra: openai(), outputs: { usage_metadata: { ...METADATA, total_cost: 0 } } }).totalCost).toBe('0');
  });

  it('is that of the tier in which the answer came', () => {
    const flex = llm({ extra: openai(), outputs: { service_tier: 'flex', usage: { prompt_tokens: 1_000_000, completion_tokens: 0 } } });
    expect(flex.totalCost).toBe('0.075');
    expect(JSON.parse(flex.usage ?? '')).toEqual({ service_tier: 'flex', price: 'openai/gpt-4o-mini:flex' });
  });

  it('is unknown for a model that nobody priced: not nothing', () => {
    const facts = llm({ extra: { metadata: { ls_provider: 'openai', ls_model_name: 'my-own' } }, outputs: { usage_metadata: METADATA } });
    expect(facts).toMatchObject({ model: 'my-own', totalTokens: 27, totalCost: undefined, usage: undefined });
  });

  it('goes by the model that answered, where the one that was asked is a name of their own', () => {
    const facts = llm({
      extra: { metadata: { ls_provider: 'azure', ls_model_name: 'prod-deployment' } },
      outputs: { model: 'gpt-4o-mini-2024-07-18', usage: { prompt_tokens: 1_000, completion_tokens: 0 } },
    });
    expect(facts).toMatchObject({ model: 'prod-deployment', totalCost: '0.00015' });
  });

  it('is that of the time of the run', () => {
    const extra = JSON.stringify({ metadata: { ls_provider: 'openai', ls_model_name: 'o3' } });
    const outputs = JSON.stringify({ usage: { prompt_tokens: 1_000_000, completion_tokens: 0 } });
    const costAt = (day: string) => factsOf({ runType: 'llm', startTime: Date.parse(day) * 1_000, extra, outputs }).totalCost;
    expect(costAt('2025-06-01')).toBe('10');
    expect(costAt('2025-07-01')).toBe('2');
  });
});

describe('whose a run is', () => {
  it('stands in its metadata', () => {
    expect(
      llm({ extra: { metadata: { session_id: 7, user_id: ' u\0 ', lc_hub_repo: 'rag', ls_tracing_sample_rate: 0.25 } } }),
    ).toMatchObject({
      threadId: '7',
      userId: 'u',
      prompt: 'rag',
      sampleRate: 0.25,
      usage: '{"sample_rate":0.25}',
    });
    expect(llm({ extra: { metadata: { thread_id: 't', session_id: 's' } } }).threadId).toBe('t');
  });
});

describe('how many runs a run stands for', () => {
  it('is said by what its client and this server leave out', () => {
    const usage = (kept: RunSaid['kept'], extra = '{"metadata":{"ls_tracing_sample_rate":0.5}}') =>
      JSON.parse(factsOf({ extra, kept }).usage ?? '{}') as object;
    expect(usage({ share: 0.1, keepsErrors: true })).toEqual({ sample_rate: 0.5, kept_share: 0.1 });
    expect(usage({ share: 0.1, keepsErrors: false })).toEqual({ sample_rate: 0.05 });
    expect(usage(undefined, '{}')).toEqual({});
  });
});

describe('when its first token came', () => {
  const token = (time: unknown) => ({ name: 'new_token', time, kwargs: { token: 'a "quoted" } brace \\' } });
  it('is the time of the first such event', () => {
    const events = [{ name: 'start', time: '2026-11-20T12:00:00.000Z' }, token('2026-11-20T12:00:00.250Z'), token('2026-11-20T12:00:01Z')];
    expect(llm({ events }).firstTokenTime).toBe(AT + 250_000);
    expect(llm({ events: [token('2026-11-20T12:00:00.123456+00:00')] }).firstTokenTime).toBe(AT + 123_456);
    expect(llm({ events: [token('2026-11-20T12:00:00.5')] }).firstTokenTime).toBe(AT + 500_000);
    expect(llm({ events: [token(AT / 1_000 + 5)] }).firstTokenTime).toBe(AT + 5_000);
  });

  it('is unknown where it is no time after the beginning', () => {
    for (const time of ['2026-11-20T11:59:59Z', '2027-01-01T00:00:00Z', 'soon', null, {}])
      expect(llm({ events: [token(time)] }).firstTokenTime, JSON.stringify(time)).toBeUndefined();
  });

  it('is found without reading the thousands that follow', () => {
    const events = Array.from({ length: 50_000 }, () => token('2026-11-20T12:00:00.250Z'));
    expect(llm({ events }).firstTokenTime).toBe(AT + 250_000);
  });
});

describe('hostile JSON', () => {
  it('never throws, and never gives what does not fit its column', () => {
    const key = fc.constantFrom('metadata', 'usage_metadata', 'usage', 'input_tokens', 'output_tokens', 'total_tokens', 'input_token_details',
      'cache_read', 'generations', 'message', 'kwargs', '__proto__', 'constructor', 'model', 'ls_model_name', 'ls_provider', 'thread_id', 'total_cost', 'llmOutput', 'tokenUsage', 'promptTokens', 'name', 'time'); // prettier-ignore
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'medium' },
        fc.constantFrom<unknown>(
          'new_token',
          '12',
          2 ** 31 - 1,
          '1e400',
          -1,
          1.5,
          1e300,
          9e15,
          null,
          true,
          '\u0000',
          '\ud800',
          'gpt-4o',
          'openai',
          '',
        ),
        fc.array(tie('any'), { maxLength: 4 }),
        fc.dictionary(key, tie('any'), { maxKeys: 6 }),
      ),
    })).any;
    fc.assert(
      fc.property(value, value, value, (extra, outputs, events) => {
        const facts = llm({ extra: extra ?? null, outputs: outputs ?? null, events: events ?? null });
        for (const tokens of [facts.promptTokens, facts.completionTokens, facts.totalTokens])
          if (tokens !== undefined) expect(Number.isInteger(tokens) && tokens >= 0 && tokens < 2 ** 31).toBe(true);
        for (const text of [facts.model, facts.provider, facts.threadId, facts.userId])
          if (text !== undefined) expect(!/\p{Surrogate}/u.test(text) && !text.includes('\0')).toBe(true);
        for (const cost of [facts.inputCost, facts.outputCost, facts.totalCost])
          if (cost !== undefined) expect(cost).toMatch(/^\d+(\.\d+)?$/);
      }),
      { numRuns: 500 },
    );
  });

  it('is read no further than is sensible', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(
      factsOf({
        runType: 'llm',
        extra: `{"metadata":${deep}}`,
        outputs: `{"usage":${deep}}`,
        events: `[{"name":"new_token","time":${deep}}]`,
      }),
    ).toBeDefined();
    expect(factsOf({ runType: 'llm', extra: '{"metadata"', outputs: '"usage', events: '[{"new_token"' })).toBeDefined();
    const poisoned = factsOf({
      runType: 'llm',
      extra: '{"__proto__":{"metadata":{"thread_id":"x"}},"metadata":{"__proto__":{"user_id":"u"}}}',
    });
    expect(poisoned).toMatchObject({ threadId: undefined, userId: undefined });
    const most = 2 ** 31 - 1;
    const huge = { input_tokens: most, output_tokens: most, total_tokens: 5, input_token_details: { cache_read: most } };
    expect(llm({ outputs: { usage_metadata: huge } })).toMatchObject({ promptTokens: most, totalTokens: most });
    const kinds = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, 1]));
    const { usage } = llm({ outputs: { usage_metadata: { ...METADATA, input_token_details: kinds } }, extra: openai() });
    expect((usage ?? '').length).toBeLessThan(1_000);
  });
});
