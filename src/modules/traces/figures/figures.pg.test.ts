import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { olderTransactionsOver } from '../../../../test/support/older-transactions.ts';
import { until } from '../../../../test/support/until.ts';
import { sql } from '../../../db/sql.ts';
import { testServer, type TestServer } from '../../../../test/server/support/test-server.ts';
import { FeedReader } from '../feed/feed-reader.ts';
import { tracesModule } from '../index.ts';
import { addPrice, importPrices } from '../prices/custom-prices.ts';
import { BUILT_IN_PRICES } from '../prices/index.ts';
import { pricesOfLitellm } from '../prices/litellm.ts';
import { PriceBook } from '../prices/price-book.ts';
import { addPartitions, KEEP_DAYS } from '../reads/testing.ts';
import { RUN_TYPES, type RunType } from '../run/run-type.ts';
import { FigureKeeper } from './figure-keeper.ts';
import { figureSamples } from './report.ts';
import { figureView } from './figure-view.ts';
import { answerFromRollups, dimensionFor, type Question } from './from-rollups.ts';

let server: TestServer;
const HOUR = 3_600_000;
const NOON = Math.floor(Date.now() / HOUR) * HOUR - HOUR;
const DAY = new Date(NOON).toISOString().slice(0, 10);
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  await addPartitions(server.database.database, [DAY]);
});
afterAll(() => server[Symbol.asyncDispose]());

interface Run {
  readonly runId?: string;
  readonly project: number;
  readonly runType?: RunType;
  readonly isChild?: boolean;
  readonly at?: number;
  readonly ms?: number;
  readonly firstMs?: number;
  readonly failed?: boolean;
  readonly open?: boolean;
  readonly model?: string;
  readonly user?: string;
  readonly tags?: readonly string[];
  readonly tokens?: readonly [number, number];
  readonly cost?: string;
  readonly usage?: object;
}

async function project(name: string): Promise<number> {
  const row = await server.database.database.one<{ no: number }>(
    sql`insert into muster.trace_projects (project_id, name) values (${randomUUID()}, ${name}) returning project_no as no`,
  );
  return row?.no ?? 0;
}

/** As the intake does: rows, and in the same transaction word of them in the feed. */
async function keep(runs: readonly Run[]): Promise<readonly string[]> {
  const ids = runs.map(({ runId }) => runId ?? randomUUID());
  await server.database.database.transaction(async (tx) => {
    for (const [i, run] of runs.entries()) {
      const at = run.at ?? NOON;
      const time = (ms: number | undefined) => (ms === undefined ? null : new Date(at + ms).toISOString());
      await tx.query(sql`insert into muster.trace_runs (run_id, trace_id, parent_run_id, project_no, day, keep_days, run_type, status, start_time, end_time,
          first_token_time, name, model, provider, user_id, tags, prompt_tokens, completion_tokens, total_tokens, total_cost, usage, completed_in)
        values (${ids[i]}::uuid, ${ids[i]}::uuid, ${run.isChild === true ? randomUUID() : null}, ${run.project}, ${DAY}, ${KEEP_DAYS}, ${RUN_TYPES.indexOf(run.runType ?? 'chain')},
          ${run.failed === true ? 2 : 1}, ${time(0)}, ${run.open === true ? null : time(run.ms ?? 100)}, ${time(run.firstMs)}, 'answer', ${run.model ?? null}, null,
          ${run.user ?? null}, ${run.tags ?? null}, ${run.tokens?.[0] ?? null}, ${run.tokens?.[1] ?? null},
          ${run.tokens === undefined ? null : run.tokens[0] + run.tokens[1]}, ${run.cost ?? null}, ${run.usage === undefined ? null : JSON.stringify(run.usage)},
          case when ${run.open !== true}::boolean then pg_current_xact_id() end)
        on conflict (run_id, keep_days, day) do update set end_time = excluded.end_time, completed_in = excluded.completed_in, model = coalesce(excluded.model, trace_runs.model),
          prompt_tokens = excluded.prompt_tokens, completion_tokens = excluded.completion_tokens, total_tokens = excluded.total_tokens`);
    }
    const completed = ids.filter((_, i) => runs[i]?.open !== true);
    await tx.query(
      sql`insert into muster.trace_feed (keep_days, day, runs, completed) values (${KEEP_DAYS}, ${DAY}, ${ids}::uuid[], ${completed}::uuid[])`,
    );
  });
  return ids;
}

const keeper = () => {
  const { database } = server.database;
  return new FigureKeeper(database, new FeedReader(database, 'figures'), BUILT_IN_PRICES);
};
/** Counts until nothing is left. */
async function catchUp(one = keeper()): Promise<number> {
  let runs = 0;
  for (;;) {
    const step = await one.step();
    runs += step.runs;
    const { entries } = await new FeedReader(server.database.database, 'figures').lag();
    if (entries === 0) return runs;
  }
}
const ask = async (projectNo: number, more: Partial<Question> = {}) => {
  const question: Question = {
    projects: [projectNo],
    from: NOON - HOUR,
    to: NOON + HOUR,
    now: Date.now(),
    where: {},
    groupBy: null,
    order: 'runs',
    most: 50,
    ...more,
  };
  const dimension = dimensionFor(question);
  if (dimension === undefined) throw new Error('not in the rollups');
  const answer = await answerFromRollups(server.database.database, question, dimension);
  return {
    ...answer,
    figures: figureView(answer.total, 2),
    by: Object.fromEntries([...(answer.groups ?? [])].map(([key, tally]) => [key, figureView(tally, 2)])),
  };
};

describe('the figures', () => {
  it('count every completed run once, whoever counts, and in whatever portions it came', async () => {
    const no = await project('counted');
    for (let i = 0; i < 5; i++) await keep([{ project: no }, { project: no, failed: true }, { project: no, open: true }]);
    const [a, b] = [keeper(), keeper()];
    for (let i = 0; i < 6; i++) await Promise.all([a.step(), b.step()]);
    await catchUp();
    expect((await ask(no)).figures).toMatchObject({ runs: 10, traces: 10, errors: 5, error_rate: 0.5 });
    // By minutes the same.
    expect((await ask(no, { from: NOON, to: NOON + 60_000 })).figures.runs).toBe(10);
    await catchUp();
    expect((await ask(no)).figures.runs).toBe(10);
  });

  it('add tokens and costs of calls, exactly, and say how many had no price', async () => {
    const no = await project('costs');
    const call = { project: no, runType: 'llm', isChild: true, tokens: [1_000, 100] } as const;
    await keep([
      {
        ...call,
        model: 'gpt-4o',
        cost: '0.1',
        usage: { input_token_details: { cache_read: 400 }, output_token_details: { reasoning: 7 } },
      },
      { ...call, model: 'gpt-4o', cost: '0.2' },
      { ...call, model: 'my-own' },
      { project: no, runType: 'chain', tokens: [1_000, 100], cost: '9' },
      { project: no, runType: 'llm', model: 'gpt-4o', failed: true },
    ]);
    await catchUp();
    const { figures, by } = await ask(no, { groupBy: 'model' });
    expect(figures).toMatchObject({
      runs: 5,
      calls: 4,
      total_cost: '0.3',
      cost_per_hour: '0.15',
      unpriced_runs: 1,
      prompt_tokens: 3_000,
      cached_tokens: 400,
    });
    expect(by).toMatchObject({
      'gpt-4o': { runs: 3, total_cost: '0.3', unpriced_runs: 0 },
      'my-own': { total_cost: null, cost_per_hour: null, unpriced_runs: 1 },
    });
    expect((await ask(no, { where: { trace: 'root' } })).figures).toMatchObject({ runs: 2, total_cost: '0.3' });
  });

  it('price a run whose model came with its beginning and its usage with its end, and one whose model came last', async () => {
    const no = await project('late');
    const [first, last] = await keep([
      { project: no, runType: 'llm', model: 'gpt-4o-mini', open: true },
      { project: no, runType: 'llm', tokens: [1_000_000, 0] },
    ]);
    await keep([{ runId: first ?? '', project: no, runType: 'llm', tokens: [1_000_000, 0] }]);
    await catchUp();
    expect((await ask(no)).figures).toMatchObject({ runs: 2, total_cost: '0.15', unpriced_runs: 1 });
    const { database } = server.database;
    await database.query(sql`update muster.trace_runs set model = 'gpt-4o-mini' where run_id = ${last}::uuid`);
    await database.query(
      sql`insert into muster.trace_feed (keep_days, day, runs, completed) values (${KEEP_DAYS}, ${DAY}, ${[last]}::uuid[], '{}')`,
    );
    await catchUp();
    expect((await ask(no)).figures).toMatchObject({ runs: 2, total_cost: '0.3', unpriced_runs: 0 });
    const { rows } = await database.query(
      sql`select total_cost, usage from muster.trace_runs where run_id = any(${[first, last]}::uuid[])`,
    );
    expect(rows).toEqual([1, 2].map(() => ({ total_cost: '0.15', usage: '{"price":"openai/gpt-4o-mini"}' })));
  });

  it('count a run once whose end is there before the feed may tell of it: an older transaction is open', async () => {
    const no = await project('ahead');
    const [first] = await keep([
      { project: no, runType: 'llm', model: 'gpt-4o-mini', open: true },
      { project: no, runType: 'llm', tokens: [1_000_000, 0] },
    ]);
    await olderTransactionsOver(server.database.database);
    await server.database.database.transaction(async (older) => {
      await older.query(sql`select pg_current_xact_id()`);
      await keep([{ runId: first ?? '', project: no, runType: 'llm', tokens: [1_000_000, 0] }]);
      await until('what the feed shows is counted', async () => {
        await keeper().step();
        return (await ask(no)).figures.runs > 0;
      });
      expect((await ask(no)).figures).toMatchObject({ runs: 1, unpriced_runs: 1 });
    });
    await catchUp();
    expect((await ask(no)).figures).toMatchObject({ runs: 2, total_cost: '0.15', unpriced_runs: 1 });
  });

  it('let a run that stands for ten count ten', async () => {
    const no = await project('sampled');
    await keep([{ project: no, runType: 'llm', cost: '0.01', tokens: [10, 0], usage: { sample_rate: 0.1 } }]);
    await catchUp();
    const { figures, total } = await ask(no);
    expect(figures).toMatchObject({ runs: 10, prompt_tokens: 100, total_cost: '0.1' });
    expect(total.counts.counted).toBe(1);
  });

  it('count those that failed as they are, where a project keeps all of them and few of the others', async () => {
    const no = await project('kept');
    await keep([
      { project: no, usage: { kept_share: 0.25 } },
      { project: no, failed: true, usage: { kept_share: 0.25 } },
      { project: no, failed: true },
    ]);
    await catchUp();
    expect((await ask(no)).figures).toMatchObject({ runs: 6, errors: 2 });
  });

  it('tell the latency of whole traces, of calls by model, and when the first token came, within 1 %', async () => {
    const no = await project('latency');
    const runs = Array.from({ length: 400 }, (_, i): Run => ({
      project: no,
      runType: 'llm',
      model: 'm',
      isChild: true,
      ms: i + 1,
      firstMs: (i + 1) / 2,
    }));
    await keep([...runs, { project: no, ms: 5_000 }]);
    await catchUp();
    const { figures, by } = await ask(no, { groupBy: 'model' });
    expect(figures.latency_p50_seconds).toBeCloseTo(5, 1);
    expect(Math.abs((by['m']?.latency_p50_seconds ?? 0) / 0.2 - 1)).toBeLessThanOrEqual(0.01);
    expect(Math.abs((by['m']?.latency_p99_seconds ?? 0) / 0.396 - 1)).toBeLessThanOrEqual(0.01);
    expect(Math.abs((by['m']?.first_token_p95_seconds ?? 0) / 0.19 - 1)).toBeLessThanOrEqual(0.01);
  });

  it('have room for so many values a stretch of time, and add up the others', async () => {
    const no = await project('crowded');
    for (const half of [0, 1])
      await keep(Array.from({ length: 300 }, (_, i) => ({ project: no, user: `u${half * 300 + i}`, tags: ['x', 'x', 'y'] })));
    await catchUp();
    const { groups, groupCount } = await ask(no, { groupBy: 'user', most: 500 });
    expect(groupCount).toBe(201);
    expect(groups?.get('')?.counts.runs).toBe(400);
    expect((await ask(no, { groupBy: 'tag' })).by).toMatchObject({ x: { runs: 600 }, y: { runs: 600 } });
  });

  it('go on where they stood after a failure: nothing is counted twice, nothing left out', async () => {
    const no = await project('failing');
    const one = keeper();
    await keep([{ project: no, user: 'a' }]);
    await catchUp(one);
    await keep([{ project: no, user: 'b' }]);
    const { database } = server.database;
    await database.query(sql`alter table muster.trace_figures add constraint broken check (value <> 'b')`);
    await olderTransactionsOver(database);
    await expect(one.step()).rejects.toThrow();
    await database.query(sql`alter table muster.trace_figures drop constraint broken`);
    expect(await catchUp(one)).toBe(1);
    expect((await ask(no, { groupBy: 'user' })).by).toMatchObject({ a: { runs: 1 }, b: { runs: 1 } });
  });

  it('are kept by days longer than by hours, and by minutes for two days', async () => {
    const no = await project('old');
    await keep([{ project: no, at: NOON - 500 * 24 * HOUR }, { project: no, at: NOON - 3 * 24 * HOUR }, { project: no }]);
    await catchUp();
    await keeper().prune();
    const { rows } = await server.database.database.query(sql`
      select grain, count(distinct bucket)::int as n from muster.trace_figures where project_no = ${no} and dimension = 1 group by 1 order by 1`);
    expect(rows).toEqual([
      { grain: 60, n: 1 },
      { grain: 3600, n: 2 },
      { grain: 86400, n: 3 },
    ]);
    expect((await ask(no, { from: NOON - 600 * 24 * HOUR })).figures.runs).toBe(3);
    expect((await ask(no, { from: NOON - 10 * 24 * HOUR })).figures.runs).toBe(2);
  });
});

describe('the API of figures', () => {
  interface Answer {
    readonly status: number;
    readonly total: { readonly latency_p50_seconds: number };
    readonly items: readonly { readonly points: readonly (readonly [number, number | null])[]; readonly runs_query: string }[];
  }
  const get = async (path: string): Promise<Answer> => {
    const answer = await server.ask('GET', path);
    return { ...answer.json<Answer>(), status: answer.statusCode };
  };

  it('tells them with where they come from, in all, by group, and from the runs where a filter asks for more', async () => {
    const no = await project('api');
    const call = { project: no, runType: 'llm', isChild: true, user: 'u1', tokens: [10, 5] } as const;
    await keep([
      { project: no, user: 'u1', ms: 2_000 },
      { ...call, model: 'a', cost: '0.5', ms: 100 },
      { ...call, model: 'b', ms: 300, failed: true },
    ]);
    await catchUp();
    const range = `project=api&from=${NOON - HOUR}&to=${NOON + HOUR}`;
    const all = await get(`/traces/stats?${range}`);
    expect(all).toMatchObject({
      status: 200,
      total: { runs: 3, traces: 1, calls: 2, total_cost: '0.5', unpriced_runs: 1, total_tokens: 30 },
      items: [{ group: null, runs: 3 }],
      provenance: {
        source: 'rollups',
        counted_up_to: null,
        lag_seconds: 0,
        percentile_error: 0.01,
        counted_runs: 3,
        is_estimate: false,
        unpriced_runs: 1,
      },
    });
    expect(all.total.latency_p50_seconds).toBeCloseTo(2, 1);
    expect((await get(`/traces/stats?${range}&group_by=model&order_by=total_cost`)).items).toMatchObject([
      { group: 'a' },
      { group: 'b', errors: 1 },
    ]);
    expect((await get(`/traces/stats?${range}&group_by=project`)).items).toMatchObject([{ group: 'api', runs: 3, total_cost: '0.5' }]);
    const both = await get(`/traces/stats?${range}&user=u1&run_type=llm&group_by=model`);
    expect(both).toMatchObject({
      total: { runs: 2 },
      items: [{ group: 'a' }, { group: 'b' }],
      provenance: { source: 'runs', is_truncated: false },
    });
    expect(await get(`/traces/stats?${range}&filter=${encodeURIComponent('gt(latency, 1)')}`)).toMatchObject({
      total: { runs: 1 },
      provenance: { source: 'runs' },
    });
    expect(await get(`/traces/stats?${range}&is_root=true`)).toMatchObject({
      total: { runs: 1, total_cost: '0.5' },
      provenance: { source: 'rollups' },
    });
  });

  it('tells them over time, with the way to the runs behind each point', async () => {
    const no = await project('series');
    await keep([
      { project: no, runType: 'llm', model: 'a', cost: '0.25', tokens: [1, 1] },
      { project: no, runType: 'llm', model: 'a', cost: '0.5', tokens: [1, 1], at: NOON - 2 * HOUR },
    ]);
    await catchUp();
    const told = await get(
      `/traces/series?project=series&from=${NOON - 3 * HOUR}&to=${NOON + HOUR}&group_by=model&metrics=total_cost,latency_p95_seconds&points=4`,
    );
    expect(told).toMatchObject({ status: 200, step_ms: HOUR });
    const [cost, latency] = told.items;
    expect(cost?.points.map(([, value]) => value)).toEqual([0, 0.5, 0, 0.25]);
    expect(latency?.points.map(([, value]) => value === null)).toEqual([true, false, true, false]);
    expect(cost?.runs_query).toBe('project=series&model=a');
  });

  it('refuses what it cannot answer, with the way to mend it', async () => {
    await project('known');
    expect(await get('/traces/stats?project=nobody')).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    expect(await get('/traces/stats?filter=eq(')).toMatchObject({ status: 422 });
    expect(await get('/traces/stats?group_by=weather')).toMatchObject({ status: 422 });
    expect(await get('/traces/series?metrics=luck')).toMatchObject({ status: 422 });
    expect(await get('/traces/series?model=a&user=b')).toMatchObject({ status: 422 });
    expect(await get('/traces/stats?project=known')).toMatchObject({
      status: 200,
      total: { runs: 0, error_rate: null, latency_p50_seconds: null, total_cost: '0' },
    });
  });
});

describe('a price of one’s own', () => {
  it('stands before the built-in one, from its time on, for its provider', async () => {
    const ask2 = (method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object) =>
      server.ask(method, path, body === undefined ? {} : { body });
    const applied = async (query: string) => (await server.ask('GET', `/traces/prices/applied?${query}`)).json<Record<string, unknown>>();
    expect(await applied('model=my-model')).toMatchObject({ source: null, per_million_tokens: null });
    const added = await ask2('POST', '/traces/prices', {
      model: 'My-Model',
      valid_from: '2026-01-01T00:00:00Z',
      rates: { input: 1, output: 2, cache_read: 0.5 },
    });
    expect([added.statusCode, added.json()]).toEqual([201, expect.objectContaining({ model: 'my-model', source: 'custom' })]);
    expect(await applied('model=my-model')).toMatchObject({
      source: 'custom/my-model',
      per_million_tokens: { input: '1', output: '2', input_cache_read: '0.5' },
    });
    expect(await applied('model=my-model&at=2025-12-31T00:00:00Z')).toMatchObject({ source: null });
    expect(
      (await ask2('POST', '/traces/prices', { model: 'my-model', valid_from: '2026-01-01T00:00:00Z', rates: { input: 3 } })).statusCode,
    ).toBe(409);
    await ask2('POST', '/traces/prices', {
      model: 'gpt-4o*',
      provider: 'openai',
      rates: { input: 7, above: [{ tokens: 1_000, input: 9 }] },
    });
    expect(await applied('model=gpt-4o-mini&provider=openai')).toMatchObject({ per_million_tokens: { input: '7' } });
    expect(await applied('model=gpt-4o-mini&provider=azure_openai')).toMatchObject({ source: 'azure/gpt-4o-mini' });
    const { price_id } = added.json<{ price_id: number }>();
    expect((await ask2('PUT', `/traces/prices/${price_id}`, { rates: { output: 4 } })).statusCode).toBe(200);
    expect(await applied('model=my-model')).toMatchObject({ per_million_tokens: { output: '4' } });
    expect((await ask2('DELETE', `/traces/prices/${price_id}`)).statusCode).toBe(204);
    expect((await ask2('DELETE', `/traces/prices/${price_id}`)).statusCode).toBe(404);
    expect(await applied('model=my-model')).toMatchObject({ source: null });
    expect((await ask2('POST', '/traces/prices', { model: 'x', rates: {} })).statusCode).toBe(422);
    expect((await ask2('POST', '/traces/prices', { model: 'x', rates: { input: -1 } })).statusCode).toBe(422);
  });

  it('comes from a list of LiteLLM’s form too, once however often it is imported, and never over one’s own', async () => {
    const { database } = server.database;
    const list = {
      sample_spec: { input_cost_per_token: 1 },
      'azure/made-up': {
        litellm_provider: 'azure',
        input_cost_per_token: 1.5e-7,
        output_cost_per_token: 6e-7,
        cache_read_input_token_cost: 7.5e-8,
        input_cost_per_token_above_200k_tokens: 3e-7,
        input_cost_per_token_priority: 3e-7,
      },
      'by-the-second': { litellm_provider: 'x', input_cost_per_second: 1 },
      mine: { litellm_provider: 'openai', input_cost_per_token: 1e-6 },
    };
    await addPrice(database, { model: 'mine', provider: 'openai', validFrom: null, rates: { input: 5 } }, 'test');
    const prices = pricesOfLitellm(JSON.stringify(list));
    expect(prices).toEqual([
      {
        model: 'made-up',
        provider: 'azure',
        rates: { input: 0.15, output: 0.6, cache_read: 0.075, above: [{ tokens: 200_000, input: 0.3 }] },
      },
      { model: 'made-up@priority', provider: 'azure', rates: { input: 0.3 } },
      { model: 'mine', provider: 'openai', rates: { input: 1 } },
    ]);
    const importAt = (validFrom: number) => importPrices(database, prices, { validFrom, by: 'test' });
    expect([await importAt(1e12), await importAt(1e12 + 1_000)]).toEqual([2, 0]);
    const book = new PriceBook(database, BUILT_IN_PRICES);
    await book.fresh();
    const price = (model: string, provider: string, input: number) =>
      book.priceOf({ model, provider, usage: { input, output: 0 } })?.totalCost;
    expect(price('made-up', 'azure_openai', 100_000)).toBe('0.015');
    expect(price('made-up', 'azure', 1_000_000)).toBe('0.3');
    expect(price('mine', 'openai', 1_000_000)).toBe('5');
    const inTier = (model: string, provider: string) =>
      book.priceOf({ model, provider, tier: 'priority', usage: { input: 100_000, output: 0 } });
    expect(inTier('made-up', 'azure')).toMatchObject({ totalCost: '0.03', source: 'custom/made-up@priority' });
    expect(inTier('mine', 'openai')).toMatchObject({ totalCost: '0.5', source: 'custom/mine:standard' });
    for (const bad of ['', '[]', '{', 'null', '3']) expect(() => pricesOfLitellm(bad), bad).toThrow('no list of prices');
    expect(pricesOfLitellm('{"a":null,"b":3,"c":{"input_cost_per_token":"1"}}')).toEqual([]);
  });
});

describe('what the fleet watches', () => {
  it('is calls, errors, tokens and cost since midnight, and the last minutes’ latency, by project and model', async () => {
    const no = await project('watched');
    const now = Date.now();
    const call = { project: no, runType: 'llm', model: 'm', tokens: [10, 5], cost: '0.5', at: now - 60_000 } as const;
    await keep([
      { ...call, ms: 1_000, firstMs: 250 },
      { ...call, failed: true, ms: 1_000 },
      { project: no, at: now - 60_000 },
    ]);
    await catchUp();
    const samples = (await figureSamples(server.database.database, now)).filter(({ labels }) => labels['project'] === 'watched');
    const value = (name: string, more: object = {}) =>
      samples.find((sample) => sample.name === name && Object.entries(more).every(([key, label]) => sample.labels[key] === label))?.value;
    // Within a minute of midnight the runs are yesterday's.
    if (new Date(now - 60_000).getUTCDate() === new Date(now).getUTCDate())
      expect([
        value('llm_runs_total', { model: 'm' }),
        value('llm_errors_total'),
        value('llm_tokens_total'),
        value('llm_cost_usd_total'),
      ]).toEqual([2, 1, 30, 1]);
    expect(value('llm_cost_usd_per_hour')).toBe(1);
    expect(value('llm_error_ratio')).toBe(0.5);
    expect(value('llm_latency_seconds', { quantile: '0.95', model: 'm' })).toBeCloseTo(1, 1);
    expect(value('llm_first_token_seconds', { quantile: '0.5' })).toBeCloseTo(0.25, 1);
  });
});
