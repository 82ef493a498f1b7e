import { ruleDocument } from '../src/modules/alerting/rules/document.ts';
import { createRuleEvaluator, createRuleStore } from '../src/modules/alerting/rules/index.ts';
import { createSharedState } from '../src/state/create-shared-state.ts';
import type { Bench, BenchContext, Measurement } from './support/bench.ts';
import { spreadOf } from './support/percentiles.ts';

const SERIES = 10_000;
const RULES = 100;

/**
 * Every rule about every series: a million verdicts. `first` is all of it from nothing, as after a failover: rules, series, states and
 * values read, matched and judged. `full` is the same again with new values, as it goes on; `firing` the same while all of one
 * rule's series fire. An evaluation ends when it knows what changed; saving it belongs to what follows from it.
 */
export const bench: Bench = {
  name: 'rules',
  title: '100 rules over 10,000 series each',
  seconds: 20,
  figures: [
    { id: 'first', title: 'full evaluation from nothing, p95', unit: 'ms', bar: 1_000, better: 'less' },
    { id: 'full', title: 'full evaluation with new values, p95', unit: 'ms', bar: 1_000, better: 'less' },
    { id: 'firing', title: 'the same with 10,000 targets that fire, p95', unit: 'ms', bar: 1_000, better: 'less' },
    { id: 'turn', title: '10,000 targets that begin to fire at once, evaluated and saved, p95', unit: 'ms', better: 'less' },
  ],
  run,
};

async function run(ctx: BenchContext): Promise<readonly Measurement[]> {
  const { database } = await ctx.database();
  const state = createSharedState(database);
  ctx.defer(() => state.metrics.stop());
  const rules = createRuleStore(database, { hint: () => undefined });
  ctx.say('making rules and series…');
  for (let i = 0; i < RULES; i += 1)
    await rules.create(
      ruleDocument.parse({
        name: `rule_${i}`,
        metric_name: 'load',
        operator: i % 2 === 0 ? '>' : '<',
        threshold: i % 2 === 0 ? 1_000 + i : -1_000 - i,
        clear_threshold: i % 2 === 0 ? 900 : -900,
        match: i % 4 === 0 ? { zone: 'a' } : {},
        for: i % 3 === 0 ? '1m' : '0s',
      }),
      'bench',
    );
  const write = async (value: (series: number) => number): Promise<void> => {
    const at = Date.now();
    await state.metrics.writeExternal(
      Array.from({ length: SERIES }, (_, i) => ({
        metricName: 'load',
        agentId: `agent_${i % 1_000}`,
        unit: '',
        labels: { zone: 'a', shard: String(Math.floor(i / 1_000)) },
        at,
        value: value(i),
      })),
    );
    await state.metrics.flush();
  };
  const times: Record<'first' | 'full' | 'firing' | 'turn', number[]> = { first: [], full: [], firing: [], turn: [] };
  const until = performance.now() + (ctx.seconds * 1_000) / 3;
  await write((i) => i % 100);
  while (times.first.length < 5 || (performance.now() < until && times.first.length < 50)) {
    ctx.signal.throwIfAborted();
    const startedAt = performance.now();
    const evaluation = await createRuleEvaluator(state).evaluate();
    times.first.push(performance.now() - startedAt);
    if (evaluation.changes.length > 0) throw new Error(`${evaluation.changes.length} changes where there is nothing to find`);
  }
  const evaluator = createRuleEvaluator(state);
  await look(evaluator, database, undefined, 0);
  for (let i = 0; i < 20; i += 1) {
    ctx.signal.throwIfAborted();
    await write((series) => (series + i) % 100);
    await look(evaluator, database, times.full, 0);
  }
  for (let i = 0; i < 6; i += 1) {
    ctx.signal.throwIfAborted();
    // Above 1,002 and below the next: rule_2 alone, which asks for no time.
    await write(() => 1_002.5);
    await look(evaluator, database, times.turn, SERIES);
    await write(() => 1_002.6);
    await look(evaluator, database, times.firing, 0);
    await write(() => 0);
    await look(evaluator, database, undefined, 0);
  }
  const detail = { series: SERIES, rules: RULES, verdicts: SERIES * RULES };
  return (Object.keys(times) as (keyof typeof times)[]).map((figure) => ({
    figure,
    value: spreadOf(times[figure]).p95,
    raw: times[figure],
    detail: { ...detail, evaluations: times[figure].length },
  }));
}

type BenchDatabase = Awaited<ReturnType<BenchContext['database']>>['database'];

/** Evaluates, saves and settles. What fires anew must be so many; what is timed is the evaluation, or, where some do, all of it. */
async function look(
  evaluator: ReturnType<typeof createRuleEvaluator>,
  database: BenchDatabase,
  into: number[] | undefined,
  firing: number,
): Promise<void> {
  const startedAt = performance.now();
  const evaluation = await evaluator.evaluate();
  const evaluated = performance.now();
  if (evaluation.needsSave) await database.transaction((tx) => evaluation.save(tx));
  evaluation.settle();
  into?.push((firing > 0 ? performance.now() : evaluated) - startedAt);
  const found = evaluation.changes.filter(({ state }) => state === 'firing').length;
  if (found !== firing) throw new Error(`${found} fire instead of ${firing}`);
}
