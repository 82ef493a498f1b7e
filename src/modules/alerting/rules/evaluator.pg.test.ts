import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sql } from '../../../db/sql.ts';
import { createSharedState } from '../../../state/create-shared-state.ts';
import type { Sample } from '../../../state/metrics/metrics.ts';
import type { SharedState } from '../../../state/shared-state.ts';
import { testDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { ruleDocument } from './document.ts';
import { createRuleEvaluator } from './evaluator.ts';
import { replayRule } from './replay.ts';
import { compileRule } from './rule.ts';
import { createRuleStore, type RuleStore } from './rule-store.ts';
import type { Evaluation, RuleEvaluator, Verdict } from './verdict.ts';

let database: TestDatabase;
let state: SharedState;
let rules: RuleStore;
const hints: string[] = [];
beforeAll(async () => {
  database = await testDatabase();
  const wake = { hint: (topic: string) => void hints.push(topic) };
  state = createSharedState(database.database, { wake });
  rules = createRuleStore(database.database, wake);
});
afterAll(async () => {
  await state.metrics.stop();
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await database.database.query(sql`delete from muster.alert_rules`);
  await database.database.query(sql`delete from muster.rule_states`);
  await database.database.query(sql`delete from muster.rule_reports`);
});

let metrics = 0;
/** A metric of the test's own. */
const newMetric = (): string => `metric_${(metrics += 1)}`;
const sample = (metricName: string, value: number, more: Partial<Sample> = {}): Sample => ({
  metricName,
  agentId: 'a',
  unit: '',
  labels: {},
  at: Date.now(),
  value,
  ...more,
});
const measure = async (...samples: readonly Sample[]): Promise<void> => {
  await state.metrics.writeExternal(samples);
  await state.metrics.flush();
};
const make = (definition: Readonly<Record<string, unknown>>): Promise<unknown> => rules.create(ruleDocument.parse(definition), 'test');
const evaluator = (): RuleEvaluator => createRuleEvaluator(state);

/** As the agent does: what changed is saved with what follows from it, then settled. */
async function round(of: RuleEvaluator): Promise<Evaluation> {
  const evaluation = await of.evaluate();
  if (evaluation.needsSave) await database.database.transaction((tx) => evaluation.save(tx));
  evaluation.settle();
  return evaluation;
}
const told = ({ changes }: Evaluation): readonly string[] =>
  changes.map(({ rule, target, state: to, level, isGone }: Verdict) =>
    [rule, target, to, level ?? '', isGone ? 'gone' : ''].filter((word) => word !== '').join(' '),
  );

describe('an evaluation', () => {
  test('tells what fires and what is well again, once, with all that an alert needs', async () => {
    const metric = newMetric();
    await make({
      name: 'r',
      metric_name: metric,
      operator: '>',
      threshold: 1,
      clear_threshold: 0.5,
      for: '0s',
      level: 'critical',
      channels: ['ops'],
      labels: { team: 'db' },
    });
    const rule = evaluator();
    await measure(sample(metric, 2, { labels: { device: 'sda' } }), sample(metric, 0, { agentId: 'b' }));
    const [verdict, ...others] = (await round(rule)).changes;
    expect(others).toEqual([]);
    expect(verdict).toMatchObject({
      rule: 'r',
      target: 'agent=a,device=sda',
      labels: { agent: 'a', device: 'sda', team: 'db' },
      agentId: 'a',
      metricName: metric,
      state: 'firing',
      level: 'critical',
      previous: { state: 'ok', level: null },
      value: 2,
      threshold: 1,
      isGone: false,
    });
    expect((await round(rule)).changes).toEqual([]);
    await measure(sample(metric, 0.7, { labels: { device: 'sda' } }));
    expect((await round(rule)).changes).toEqual([]);
    await measure(sample(metric, 0.5, { labels: { device: 'sda' } }));
    expect(told(await round(rule))).toEqual(['r agent=a,device=sda ok']);
  });

  test('that was not settled tells the same again', async () => {
    const metric = newMetric();
    await make({ name: 'r', metric_name: metric, threshold: 1 });
    await measure(sample(metric, 2));
    const rule = evaluator();
    const first = await rule.evaluate();
    expect(told(await rule.evaluate())).toEqual(told(first));
    expect(told(first)).toEqual(['r agent=a firing warning']);
  });

  test('goes on after a restart where it was', async () => {
    const metric = newMetric();
    await make({ name: 'r', metric_name: metric, threshold: 1, for: '1h' });
    await make({ name: 's', metric_name: metric, threshold: 1 });
    await measure(sample(metric, 2));
    const first = await round(evaluator());
    expect(told(first)).toEqual(['r agent=a pending warning', 's agent=a firing warning']);
    expect(first.nextAt).toBeGreaterThan(first.at + 3_500_000);
    // An hour goes by for the stored state.
    await database.database.query(sql`
      update muster.rule_states set memory = jsonb_set(memory, '{bad,warning,since}', to_jsonb((memory #>> '{bad,warning,since}')::float8 - 3600000)) where rule = 'r'`);
    expect(told(await round(evaluator()))).toEqual(['r agent=a firing warning']);
  });

  test('of a metric that nobody measured is silent, and is no data', async () => {
    await make({ name: 'r', metric_name: 'never_seen', threshold: 1 });
    expect((await round(evaluator())).changes).toEqual([]);
    expect((await rules.get('r'))?.report).toMatchObject({ state: 'no_data', series: 0, why: 'nobody has measured it yet' });
  });

  test('finds series, rules and changed rules that come while it runs', async () => {
    const metric = newMetric();
    const rule = evaluator();
    await round(rule);
    await make({ name: 'r', metric_name: metric, threshold: 10 });
    await measure(sample(metric, 5));
    expect((await round(rule)).changes).toEqual([]);
    await measure(sample(metric, 50, { agentId: 'late' }));
    expect(told(await round(rule))).toEqual(['r agent=late firing warning']);
    await rules.put(ruleDocument.parse({ name: 'r', metric_name: metric, threshold: 1, level: 'emergency' }), 'test');
    expect(told(await round(rule)).toSorted()).toEqual(['r agent=a firing emergency', 'r agent=late firing emergency']);
  });

  test('closes what a rule left open that is deleted, disabled, or about something else now', async () => {
    const metric = newMetric();
    for (const name of ['deleted', 'disabled', 'changed']) await make({ name, metric_name: metric, threshold: 1 });
    await measure(sample(metric, 2));
    const rule = evaluator();
    await round(rule);
    await rules.delete('deleted');
    await rules.put(ruleDocument.parse({ name: 'disabled', metric_name: metric, threshold: 1, enabled: false }), 'test');
    await rules.put(ruleDocument.parse({ name: 'changed', metric_name: metric, threshold: 1, agents: ['b'] }), 'test');
    expect(told(await round(rule)).toSorted()).toEqual(['changed agent=a ok gone', 'deleted agent=a ok gone', 'disabled agent=a ok gone']);
    expect((await round(rule)).changes).toEqual([]);
    expect((await database.database.query(sql`select from muster.rule_states`)).count).toBe(0);
  });

  test('of a series that fell silent is no data, and in time it is forgotten', async () => {
    const metric = newMetric();
    await make({ name: 'r', metric_name: metric, threshold: 1, no_data_after: '1m', forget_after: '1h' });
    await measure(sample(metric, 2));
    const rule = evaluator();
    await round(rule);
    const age = (interval: string): Promise<unknown> =>
      database.database.query(
        sql`update muster.latest set ts = clock_timestamp() - ${interval}::interval where series_id in (select series_id from muster.series where metric_name = ${metric})`,
      );
    await age('2 minutes');
    // A new life of the evaluator: the old one knows that the sample was newer.
    const later = evaluator();
    expect(told(await round(later))).toEqual(['r agent=a no_data']);
    await age('2 hours');
    expect(told(await round(evaluator()))).toEqual(['r agent=a ok gone']);
  });

  test('judges rates, ratios, windows, absence and what other rules say', async () => {
    const [requests, errors, depth] = [newMetric(), newMetric(), newMetric()];
    const now = Date.now();
    const over = (metric: string, values: readonly number[], labels: Readonly<Record<string, string>>): readonly Sample[] =>
      values.map((value, i) => sample(metric, value, { at: now - (values.length - 1 - i) * 10_000, labels }));
    await measure(
      ...over(requests, [0, 100, 200], { queue: 'q' }),
      ...over(errors, [0, 30, 90], { queue: 'q' }),
      ...over(depth, [0, 90, 0], {}),
    );
    await make({ name: 'rate', kind: 'rate', metric_name: requests, window: '1m', threshold: 9 });
    await make({
      name: 'ratio',
      kind: 'ratio',
      metric_name: errors,
      of: { metric_name: requests },
      counters: true,
      window: '1m',
      threshold: 0.4,
    });
    await make({ name: 'mean', metric_name: depth, aggregate: 'avg', window: '40s', threshold: 25 });
    await make({ name: 'there', kind: 'absence', metric_name: depth, window: '10m' });
    await make({ name: 'both', kind: 'composite', all: ['rate', 'ratio', { not: 'there' }], level: 'emergency' });
    await make({ name: 'circle', kind: 'composite', all: ['circle'] });
    const evaluation = await round(evaluator());
    expect(told(evaluation).toSorted()).toEqual([
      'both firing emergency',
      'circle error',
      'mean agent=a firing warning',
      'rate agent=a,queue=q firing warning',
      'ratio agent=a,queue=q firing warning',
    ]);
    expect(evaluation.changes.find(({ rule }) => rule === 'rate')?.value).toBe(10);
    expect(evaluation.changes.find(({ rule }) => rule === 'ratio')?.value).toBeCloseTo(0.45);
  });

  test('of a division by zero is an error of that target alone', async () => {
    const [above, below] = [newMetric(), newMetric()];
    await make({ name: 'r', kind: 'ratio', metric_name: above, of: { metric_name: below }, threshold: 0.5 });
    await measure(sample(above, 1), sample(below, 0), sample(above, 3, { agentId: 'b' }), sample(below, 4, { agentId: 'b' }));
    expect(told(await round(evaluator())).toSorted()).toEqual(['r agent=a error', 'r agent=b firing warning']);
  });

  test('of what SQL put into the tables is not undone by it', async () => {
    const metric = newMetric();
    await make({ name: 'r', metric_name: metric, threshold: 1 });
    await database.database.query(sql`
      insert into muster.alert_rules (name, definition, source, updated_by) values ('odd', '{"name": "odd", "threshold": "much"}', 'api', 'sql')`);
    await measure(sample(metric, 2));
    await database.database.query(sql`
      update muster.latest set value = 'NaN' where series_id in (select series_id from muster.series where metric_name = ${metric})`);
    expect(told(await round(evaluator()))).toEqual(['r agent=a error']);
    expect((await rules.get('odd'))?.report).toMatchObject({ state: 'error', why: expect.stringContaining('threshold: ') as string });
    expect((await rules.get('odd'))?.fault).toContain('threshold: ');
  });

  test('leaves open what a rule found that cannot be read any more', async () => {
    const metric = newMetric();
    await make({ name: 'r', metric_name: metric, threshold: 1 });
    await measure(sample(metric, 2));
    const one = evaluator();
    expect(told(await round(one))).toEqual(['r agent=a firing warning']);
    await database.database.query(sql`
      update muster.alert_rules set definition = '{"threshold": []}', revision = revision + 1 where name = 'r'`);
    expect(told(await round(one))).toEqual([]);
    expect((await rules.get('r'))?.report).toMatchObject({ state: 'error' });
    await rules.put(ruleDocument.parse({ name: 'r', metric_name: metric, threshold: 3 }), 'test');
    expect(told(await round(one))).toEqual(['r agent=a ok']);
  });

  test('of anomalies says that it waits', async () => {
    const metric = newMetric();
    await make({ name: 'r', kind: 'anomaly', metric_name: metric });
    await measure(sample(metric, 2));
    expect(told(await round(evaluator()))).toEqual([]);
    expect((await rules.get('r'))?.report).toMatchObject({
      state: 'no_data',
      why: expect.stringContaining('waits for a detector') as string,
    });
  });

  test('tells how a rule that was just made fares, at once', async () => {
    const one = evaluator();
    await round(one);
    await make({ name: 'r', metric_name: newMetric(), threshold: 1 });
    await round(one);
    expect((await rules.get('r'))?.report?.state).toBe('no_data');
  });

  test('reads a forecast and a burn rate from history', async () => {
    const [disk, bad, all] = [newMetric(), newMetric(), newMetric()];
    const now = Date.now();
    const history: Sample[] = [];
    for (let minute = 360; minute >= 0; minute -= 1) {
      const at = now - minute * 60_000;
      history.push(sample(disk, 60 + (360 - minute) / 60, { at }));
      history.push(sample(all, (360 - minute) * 1_000, { at }), sample(bad, (360 - minute) * 20, { at }));
    }
    await measure(...history);
    await state.maintenance.find(({ name }) => name === 'metrics_rollups')?.run(new AbortController().signal);
    await make({ name: 'disk', kind: 'forecast', metric_name: disk, operator: '>', threshold: 100, window: '6h', horizon: '4d' });
    await make({ name: 'burn', kind: 'burn_rate', metric_name: bad, of: { metric_name: all }, objective: 0.999 });
    const evaluation = await round(evaluator());
    expect(told(evaluation).toSorted()).toEqual(['burn firing critical', 'disk agent=a firing warning']);
    const burn = evaluation.changes.find(({ rule }) => rule === 'burn')?.value ?? 0;
    expect(burn).toBeGreaterThan(18);
    expect(burn).toBeLessThan(22);
  });

  test('is woken by the commit of new values', async () => {
    hints.length = 0;
    await measure(sample(newMetric(), 1));
    expect(hints).toContain('samples');
  });
});

test('a replay fires when the evaluation would have', async () => {
  const metric = newMetric();
  const now = Date.now();
  const values = [0, 5, 5, 5, 0, 0, 5, 5];
  await measure(...values.map((value, i) => sample(metric, value, { at: now - (values.length - 1 - i) * 60_000 })));
  const rule = compileRule(ruleDocument.parse({ name: 'r', metric_name: metric, threshold: 1, for: '90s' }));
  const replay = await replayRule(state.metrics, rule, { from: now - 10 * 60_000, to: now });
  expect(replay).toMatchObject({ series: 1, isTruncated: false, note: null });
  expect(
    replay.firings.map(({ badSince, firedAt, endedAt, target }) => [
      badSince - now,
      firedAt - now,
      endedAt === null ? null : endedAt - now,
      target,
    ]),
  ).toEqual([[-360_000, -270_000, -180_000, 'agent=a']]);
  const never = compileRule(ruleDocument.parse({ name: 'n', metric_name: 'never_seen', threshold: 1 }));
  expect(await replayRule(state.metrics, never, { from: now - 1_000, to: now })).toMatchObject({
    series: 0,
    firings: [],
    note: expect.stringContaining('no_data'),
  });
});

test('a replay of a rule that is made of others, and of a burn rate, fires when the evaluation would have', async () => {
  const [up, slow, bad, all] = [newMetric(), newMetric(), newMetric(), newMetric()];
  const minute = 60_000;
  const now = Math.floor(Date.now() / minute) * minute;
  const rule = (definition: Readonly<Record<string, unknown>>) => compileRule(ruleDocument.parse(definition));
  const range = { from: now - 120 * minute, to: now };
  const lookUp = async (name: string) => {
    const document = (await rules.get(name))?.document;
    return document === undefined ? undefined : compileRule(document);
  };
  const history: Sample[] = [];
  // Bad from 80 to 60 minutes ago, slow from 70 to 40: together from 70 to 60. One event in a hundred fails from 60 minutes ago to 30.
  for (let ago = 600; ago >= 0; ago -= 1) {
    const at = now - ago * minute;
    history.push(sample(up, ago <= 80 && ago > 60 ? 0 : 1, { at }), sample(slow, ago <= 70 && ago > 40 ? 9 : 1, { at }));
    history.push(sample(all, (600 - ago) * 100, { at }), sample(bad, 5 * Math.max(0, Math.min(30, 60 - ago)), { at }));
  }
  await measure(...history);
  await state.maintenance.find(({ name }) => name === 'metrics_rollups')?.run(new AbortController().signal);
  await make({ name: 'down', metric_name: up, operator: '<', threshold: 1 });
  await make({ name: 'slow', metric_name: slow, threshold: 5 });
  await make({ name: 'other', kind: 'composite', all: ['both'] });
  const both = await replayRule(state.metrics, rule({ name: 'both', kind: 'composite', all: ['down', 'slow'] }), { ...range, lookUp });
  expect(both.firings.map(({ endedAt, firedAt }) => [firedAt, endedAt])).toEqual([[now - 70 * minute, now - 60 * minute]]);
  expect(both).toMatchObject({ series: 2, note: null, isTruncated: false });

  const missing = await replayRule(state.metrics, rule({ name: 'm', kind: 'composite', any: ['nobody'] }), { ...range, lookUp });
  expect(missing).toMatchObject({ firings: [], note: expect.stringContaining('there is no rule "nobody"') as string });
  await make({ name: 'both', kind: 'composite', all: ['other'] });
  const circle = await replayRule(state.metrics, rule({ name: 'other', kind: 'composite', all: ['both'] }), { ...range, lookUp });
  expect(circle).toMatchObject({ firings: [], note: expect.stringContaining('depends on itself') as string });

  const burn = await replayRule(
    state.metrics,
    rule({ name: 'burn', kind: 'burn_rate', metric_name: bad, of: { metric_name: all }, objective: 0.999 }),
    range,
  );
  // 5% of events while it lasts: a warning at first, and over the hour 14.4 times the budget after about 17 minutes; that ends with
  // the short window.
  const first = burn.firings.find(({ level }) => level === 'critical');
  expect(first?.explanation).toContain('over 1h ');
  expect(first?.firedAt).toBeGreaterThan(now - 60 * minute);
  expect(first?.firedAt).toBeLessThan(now - 35 * minute);
  expect(first?.endedAt).toBeGreaterThan(now - 30 * minute);
});

test('rules of a file, of people and those that ship do not take each other away', async () => {
  const rule = (name: string, threshold = 1): ReturnType<typeof ruleDocument.parse> =>
    ruleDocument.parse({ name, metric_name: 'm', threshold });
  const sources = async (): Promise<readonly string[]> =>
    (await rules.list({}, { limit: 100 })).map(({ name, source, revision }) => `${name} ${source} ${revision}`);
  await rules.replaceSource('default', [rule('a'), rule('b'), rule('c')], 'muster');
  await rules.put(rule('b', 2), 'someone');
  await rules.replaceSource('file', [rule('c', 3), rule('d')], 'file');
  expect(await sources()).toEqual(['a default 1', 'b api 2', 'c file 2', 'd file 1']);
  // The next version ships other ones: what people changed stays.
  expect(await rules.replaceSource('default', [rule('a', 5), rule('b', 5)], 'muster')).toEqual(['b']);
  expect(await sources()).toEqual(['a default 2', 'b api 2', 'c file 2', 'd file 1']);
  await rules.replaceSource('file', [], 'file');
  expect(await sources()).toEqual(['a default 2', 'b api 2']);
  await expect(rules.delete('a')).rejects.toMatchObject({ code: 'CONFLICT' });
  await rules.replaceSource('file', [rule('e')], 'file');
  await expect(rules.put(rule('e', 2), 'someone')).rejects.toMatchObject({ code: 'CONFLICT' });
  await expect(rules.put(rule('b'), 'someone', { revision: 1 })).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  await expect(rules.create(rule('b'), 'someone')).rejects.toMatchObject({ code: 'CONFLICT' });
});
