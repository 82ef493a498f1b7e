import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { raw, sql } from '../../../../db/sql.ts';
import { testDatabase, type TestDatabase } from '../../../../../test/support/database.ts';
import { RUN_STATUSES, RUN_TYPES } from '../../run/run-type.ts';
import { addPartitions, addProject, addRuns } from '../testing.ts';
import { conditionOf } from './condition.ts';
import type { Comparator, Comparison, Filter, Scalar } from './filter.ts';
import { parseFilter } from './parse.ts';
import { isoMicros, parseTimestamp } from './timestamp.ts';

interface Feedback {
  readonly key: string;
  readonly score: number | null;
  readonly comment: string | null;
}

interface Facts {
  readonly run_id: string;
  readonly parent_run_id: string | null;
  readonly name: string | null;
  readonly model: string | null;
  readonly thread_id: string | null;
  readonly run_type: number;
  readonly status: number;
  readonly start_time: number;
  readonly end_time: number | null;
  readonly total_tokens: number | null;
  readonly total_cost: number | null;
  readonly tags: readonly string[] | null;
  readonly error: string | null;
  readonly metadata: Readonly<Record<string, Scalar>>;
  readonly feedback: readonly Feedback[];
}

const DAY = '2026-11-20';
const NOON = Date.parse(`${DAY}T12:00:00Z`) * 1_000;
const words = fc.constantFrom('a', 'b', 'Beta', 'beta', 'x_y', '50%', 'a"b', 'żółw', '');
const keys = fc.constantFrom('env', 'thread_id', 'k"q', 'n');
const scalars = fc.oneof(words, fc.integer({ min: -2, max: 3 }), fc.boolean(), fc.constant(null));
const uuids = fc.uuid();
const micros = fc.integer({ min: -5_000_000, max: 5_000_000 }).map((offset) => NOON + offset);

const runs: fc.Arbitrary<Facts> = fc.record({
  run_id: uuids,
  parent_run_id: fc.option(uuids, { nil: null }),
  name: fc.option(words, { nil: null }),
  model: fc.option(words, { nil: null }),
  thread_id: fc.option(words, { nil: null }),
  run_type: fc.nat(RUN_TYPES.length - 1),
  status: fc.nat(RUN_STATUSES.length - 1),
  start_time: micros,
  end_time: fc.option(micros, { nil: null }),
  total_tokens: fc.option(fc.nat(5), { nil: null }),
  total_cost: fc.option(fc.constantFrom(0, 0.5, 0.25, 2), { nil: null }),
  tags: fc.option(fc.array(words, { maxLength: 3 }), { nil: null }),
  error: fc.option(words, { nil: null }),
  metadata: fc.dictionary(keys, scalars, { maxKeys: 3, noNullPrototype: true }),
  feedback: fc.array(
    fc.record({
      key: fc.constantFrom('score', 'beta'),
      score: fc.option(fc.constantFrom(0, 1, 0.5), { nil: null }),
      comment: fc.option(words, { nil: null }),
    }),
    { maxLength: 2 },
  ),
});

const someText = words.map((word) => JSON.stringify(word));
const texts = fc.oneof({ weight: 5, arbitrary: someText }, { weight: 1, arbitrary: fc.constant('null') });
const orders = fc.constantFrom('gt', 'gte', 'lt', 'lte');
const sames = fc.constantFrom('eq', 'neq');
const lists = fc.constantFrom('in', 'nin');
const likes = fc.constantFrom('like', 'nlike');
const textFields = fc.constantFrom('name', 'model', 'thread_id');
const pairValues = fc.oneof(texts, fc.integer({ min: -2, max: 3 }).map(String), fc.boolean().map(String));
const listOf = (items: fc.Arbitrary<string>) => fc.array(items, { minLength: 1, maxLength: 3 }).map((all) => `[${all.join(', ')}]`);
const call = (...parts: readonly fc.Arbitrary<string>[]) => fc.tuple(...parts).map(([op = '', ...rest]) => `${op}(${rest.join(', ')})`);
const word = (text: string) => fc.constant(text);

const leaves = fc.oneof(
  call(sames, textFields, texts),
  call(orders, textFields, someText),
  call(lists, textFields, listOf(someText)),
  call(likes, textFields, fc.constantFrom('"%a%"', '"B%"', '"x_y"', '"50%"')),
  call(word('search'), fc.constantFrom('name', 'tags', 'error', 'metadata_value'), someText),
  call(
    sames,
    word('run_type'),
    fc.constantFrom(...RUN_TYPES).map((type) => `"${type}"`),
  ),
  call(lists, word('status'), listOf(fc.constantFrom(...RUN_STATUSES).map((status) => `"${status}"`))),
  call(
    fc.oneof(sames, orders),
    fc.constantFrom('start_time', 'end_time'),
    micros.map((at) => `"${isoMicros(at)}"`),
  ),
  call(sames, word('end_time'), word('null')),
  call(fc.oneof(sames, orders), word('latency'), fc.integer({ min: -3, max: 3 }).map(String)),
  call(fc.oneof(sames, orders), fc.constantFrom('total_tokens', 'total_cost'), fc.constantFrom('0', '2', '0.5', '4')),
  call(sames, word('is_root'), fc.constantFrom('true', 'false')),
  call(fc.constantFrom('has', 'eq', 'neq'), word('tags'), someText),
  call(fc.oneof(lists), word('tags'), listOf(someText)),
  call(likes, word('tags'), fc.constantFrom('"%a%"', '"b%"')),
  call(sames, word('error'), texts),
  call(
    sames,
    word('metadata_key'),
    keys.map((key) => JSON.stringify(key)),
  ),
  call(
    word('has'),
    word('metadata'),
    keys.map((key) => JSON.stringify(key)),
  ),
  call(
    word('has'),
    word('metadata'),
    fc.tuple(keys, scalars).map(([key, value]) => JSON.stringify(JSON.stringify({ [key]: value }))),
  ),
  call(sames, word('feedback_key'), word('"beta"')),
);
const pairs = fc.oneof(
  call(
    word('and'),
    call(
      word('eq'),
      word('metadata_key'),
      keys.map((key) => JSON.stringify(key)),
    ),
    call(fc.oneof(sames), word('metadata_value'), pairValues),
  ),
  call(
    word('and'),
    call(word('in'), word('metadata_key'), listOf(keys.map((key) => JSON.stringify(key)))),
    call(orders, word('metadata_value'), fc.integer({ min: -2, max: 2 }).map(String)),
  ),
  call(
    word('and'),
    call(word('eq'), word('feedback_key'), fc.constantFrom('"score"', '"beta"')),
    call(fc.oneof(sames, orders), word('feedback_score'), fc.constantFrom('0', '1', '0.5')),
  ),
);
const filters: fc.Arbitrary<string> = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaves,
    pairs,
    fc
      .tuple(fc.constantFrom('and', 'or'), fc.array(tie('filter'), { minLength: 1, maxLength: 3 }))
      .map(([op, of]) => `${op}(${of.join(', ')})`),
    tie('filter').map((of) => `not(${of})`),
  ),
})).filter;

// What a filter means, said once more and plainly: over one run, without SQL.

function matches(filter: Filter, run: Facts): boolean {
  switch (filter.op) {
    case 'and':
      return matchesAll(filter.of, run);
    case 'or':
      return filter.of.some((part) => matches(part, run));
    case 'not':
      return !matches(filter.of, run);
    default:
      return isPair(filter) ? matchesAll([filter], run) : leafMatches(filter, run);
  }
}

type Leaf = Exclude<Filter, { readonly op: 'and' | 'or' | 'not' }>;
const isPair = (filter: Filter): filter is Leaf => 'field' in filter && /^(metadata|feedback)_/.test(filter.field ?? '');

function matchesAll(parts: readonly Filter[], run: Facts): boolean {
  const plain = parts.filter((part) => !isPair(part));
  return (
    plain.every((part) => matches(part, run)) &&
    ['metadata', 'feedback'].every((source) => {
      const together = parts.filter(isPair).filter((part) => part.field?.startsWith(source));
      if (together.length === 0) return true;
      const entries: readonly Readonly<Record<string, Scalar>>[] =
        source === 'metadata'
          ? Object.entries(run.metadata).map(([metadata_key, metadata_value]) => ({ metadata_key, metadata_value }))
          : run.feedback.map(({ key, score, comment }) => ({ feedback_key: key, feedback_score: score, feedback_comment: comment }));
      const [only] = together;
      if (together.length === 1 && only !== undefined && only.op === 'neq')
        return !entries.some((entry) => entryMatches({ ...only, op: 'eq' }, entry));
      return entries.some((entry) => together.every((part) => entryMatches(part, entry)));
    })
  );
}

function entryMatches(part: Leaf, entry: Readonly<Record<string, Scalar>>): boolean {
  const had = entry[part.field ?? ''] ?? null;
  if (part.op === 'search') return had !== null && String(had).toLowerCase().includes(part.text.toLowerCase());
  const isNumber = [part.value].flat().every((value) => typeof value === 'number');
  const left = had === null ? null : isNumber ? numberOf(had) : String(had);
  return compares(
    part.op,
    left,
    isNumber ? part.value : Array.isArray(part.value) ? part.value.map(String) : part.value === null ? null : String(part.value),
  );
}

const numberOf = (value: Scalar): number | null => (typeof value === 'number' ? value : null);

function leafMatches(part: Leaf, run: Facts): boolean {
  if (part.op === 'search') return textsOf(part, run).some((text) => text.toLowerCase().includes(part.text.toLowerCase()));
  const { field, op, value } = part;
  switch (field) {
    case 'run_type':
      return compares(op, RUN_TYPES[run.run_type] ?? null, value);
    case 'status':
      return compares(op, RUN_STATUSES[run.status] ?? null, value);
    case 'start_time':
    case 'end_time':
      return compares(op, run[field], value === null ? null : (parseTimestamp(value) ?? null));
    case 'latency':
      return compares(op, run.end_time === null ? null : (run.end_time - run.start_time) / 1e6, value);
    case 'is_root':
      return compares(op, run.parent_run_id === null, value);
    case 'tags':
      return tagsMatch(part, run.tags ?? []);
    case 'metadata':
      return metadataHas(String(value), run.metadata);
    default:
      return compares(op, run[field as 'name'], value);
  }
}

const textsOf = (part: Leaf, run: Facts): readonly string[] =>
  part.field === 'tags' ? (run.tags ?? []) : [run[part.field as 'name' | 'error']].filter((text) => text !== null);

function tagsMatch({ op, value }: Comparison, tags: readonly string[]): boolean {
  const wanted = [value].flat().map(String);
  if (op === 'like' || op === 'nlike') return tags.some((tag) => like(tag, String(value))) === (op === 'like');
  return tags.some((tag) => wanted.includes(tag)) === (op !== 'neq' && op !== 'nin');
}

function metadataHas(text: string, metadata: Facts['metadata']): boolean {
  if (!text.startsWith('{')) return Object.hasOwn(metadata, text);
  return Object.entries(JSON.parse(text) as Record<string, unknown>).every(
    ([key, value]) => Object.hasOwn(metadata, key) && metadata[key] === value,
  );
}

function compares(op: Comparator, had: Scalar, value: Comparison['value']): boolean {
  if (Array.isArray(value)) return value.includes(had) === (op === 'in');
  const wanted = value as Scalar;
  if (op === 'eq' || op === 'neq') return (had === wanted) === (op === 'eq');
  if (op === 'like' || op === 'nlike') return (had !== null && like(String(had), String(wanted))) === (op === 'like');
  if (had === null || wanted === null) return false;
  return { gt: had > wanted, gte: had >= wanted, lt: had < wanted, lte: had <= wanted }[op as 'gt'];
}

const like = (text: string, pattern: string): boolean =>
  new RegExp(
    `^${pattern
      .replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll('%', '.*')
      .replaceAll('_', '.')}$`,
    's',
  ).test(text);

let database: TestDatabase;
const sample = fc.sample(runs, { numRuns: 150, seed: 4 });
beforeAll(async () => {
  database = await testDatabase();
  const db = database.database;
  await addPartitions(db, [DAY]);
  const { projectNo } = await addProject(db, 'generated');
  await addRuns(
    db,
    sample.map(({ run_id, parent_run_id, start_time, end_time, error, metadata, feedback: _, ...columns }) => ({
      runId: run_id,
      parentRunId: parent_run_id,
      projectNo,
      startTime: start_time,
      columns: {
        ...columns,
        end_time: end_time === null ? null : isoMicros(end_time),
        error: error === null ? null : JSON.stringify(error),
        extra: JSON.stringify({ metadata }),
      },
    })),
  );
  for (const { run_id, feedback } of sample)
    for (const { key, score, comment } of feedback)
      await db.query(sql`insert into muster.trace_feedback (feedback_id, run_id, key, score, comment)
        values (gen_random_uuid(), ${run_id}, ${key}, ${score}, ${comment})`);
});
afterAll(() => database[Symbol.asyncDispose]());

const find = async (text: string): Promise<readonly string[]> => {
  const condition = conditionOf(parseFilter(text), 'r', () => sql`false`);
  const { rows } = await database.database.query<{ run_id: string }>(
    sql`select run_id from muster.trace_runs r where ${condition} order by run_id`,
  );
  return rows.map(({ run_id }) => run_id);
};

describe('a filter in SQL', () => {
  it('finds what a plain evaluation of it finds', async () => {
    let found = 0;
    await fc.assert(
      fc.asyncProperty(filters, async (text) => {
        const filter = parseFilter(text);
        const wanted = sample.filter((run) => matches(filter, run)).map((run) => run.run_id);
        expect(await find(text), text).toEqual(wanted.toSorted());
        found += wanted.length === 0 || wanted.length === sample.length ? 0 : 1;
      }),
      { numRuns: 400 },
    );
    // Most of them must tell runs apart, or this says nothing.
    expect(found).toBeGreaterThan(200);
  });

  it('passes over JSON that PostgreSQL cannot read, and finds through blobs', async () => {
    const db = database.database;
    const hash = Buffer.alloc(16, 7);
    await db.query(sql`insert into muster.trace_blobs (hash, keep_days, day, body) values (${hash}, 30, ${DAY}, '{"env":"blobbed"}')`);
    const ids = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000003'];
    const texts = [
      String.raw`{"metadata":{"env":"nul","x":"\u0000"}}`,
      `{"metadata":{"env":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`,
      `{"metadata":\u0001${hash.toString('base64url')}\u0001}`,
    ];
    await addRuns(
      db,
      ids.map((runId, index) => ({ runId, startTime: NOON, columns: { extra: texts[index] } })),
    );
    expect(await find('and(eq(metadata_key, "env"), eq(metadata_value, "blobbed"))')).toEqual([ids[2]]);
    expect(await find('and(eq(metadata_key, "env"), eq(metadata_value, "nul"))')).toEqual([]);
    await db.query(sql`delete from muster.trace_runs where run_id = any(${ids}::uuid[])`);
  });

  it('sends every value as a parameter', () => {
    const evil = `'); drop table muster.trace_runs; --`;
    const { text, values } = conditionOf(
      parseFilter(`and(eq(name, ${JSON.stringify(evil)}), has(tags, ${JSON.stringify(evil)}))`),
      'r',
      () => sql`${raw('false')}`,
    );
    expect(text).not.toContain('drop');
    expect(values.flat()).toEqual([evil, evil]);
  });
});
