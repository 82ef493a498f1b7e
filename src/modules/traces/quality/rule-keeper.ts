import { Breather } from '../../../base/breather.ts';
import type { Database, Transaction } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import type { FeedReader } from '../feed/feed-reader.ts';
import { isMine } from '../feed/feed-service.ts';
import { CHECK_KEYS, judgeRun, type Verdict } from './checks/index.ts';
import { completedCalls, completedHeads, textsOf, type CallHead, type CallTexts, type CompletedCall } from './completed-calls.ts';
import { drawOf, readJudging, verdictId, type Judging, type RuleKey } from './judging.ts';
import { judgeByUsual, USUAL_KEYS } from './usual/usual.ts';
import { UsualOfProjects } from './usual/usual-of-projects.ts';

const ENTRIES_AT_ONCE = 400;
const RUNS_AT_ONCE = 20_000;
/** A step judges no more than this: about 50 ms of work. Where more came, those with the smallest draw are taken, and the rest is counted. */
const JUDGED_AT_ONCE = 250;
/** Texts of so many are read by one statement: its answer is parsed in one go, and whoever else has something to do waits. */
const READ_AT_ONCE = 50;
/** The project to which judges log themselves: nobody judges it. */
export const EVALUATORS_PROJECT = 'evaluators';
const KEPT_DAYS = 400;

export interface Step {
  readonly judged: number;
  readonly leftOut: number;
  readonly isFull: boolean;
}

interface Verdicts {
  readonly call: CompletedCall;
  readonly judged: readonly (Verdict & { readonly key: RuleKey })[];
  /** Rules that found nothing in it to judge by. */
  readonly skipped: readonly RuleKey[];
  readonly keepPasses: boolean;
}

/** Judges completed runs of models by rules, each once: verdicts, counts and the place in the feed change in one transaction. */
export class RuleKeeper {
  readonly #db: Database;
  readonly #feed: FeedReader;
  readonly #usual = new UsualOfProjects();

  constructor(db: Database, feed: FeedReader) {
    this.#db = db;
    this.#feed = feed;
  }

  async step(): Promise<Step> {
    if (!(await this.#feed.hasMore())) return { judged: 0, leftOut: 0, isFull: false };
    return this.#db.transaction((tx) => this.#judge(tx), { attempts: 3 });
  }

  async prune(): Promise<void> {
    await this.#db.query(sql`delete from muster.trace_score_hours where hour < clock_timestamp() - make_interval(days => ${KEPT_DAYS})`);
  }

  async #judge(tx: Transaction): Promise<Step> {
    if (!(await isMine(tx, 'rules'))) return { judged: 0, leftOut: 0, isFull: false };
    const batch = await this.#feed.take(ENTRIES_AT_ONCE, RUNS_AT_ONCE, tx);
    if (batch === undefined) return { judged: 0, leftOut: 0, isFull: false };
    const judging = await readJudging(tx);
    const { chosen, leftOut } = choose(await completedHeads(tx, batch.entries, EVALUATORS_PROJECT), judging);
    const calls = await completedCalls(
      tx,
      chosen.map(({ keepDays, day, runId }) => ({ keepDays, day, completed: [runId] })),
      EVALUATORS_PROJECT,
    );
    await this.#usual.learn(
      tx,
      calls.filter(({ projectNo }) => USUAL_KEYS.some((key) => judging(projectNo).checks.includes(key))),
    );
    const verdicts: Verdicts[] = [];
    const breather = new Breather();
    for (let at = 0; at < calls.length; at += READ_AT_ONCE) {
      const some = calls.slice(at, at + READ_AT_ONCE);
      const texts = await textsOf(tx, some);
      for (const call of some) {
        const verdict = this.#verdictsOn(call, texts.get(call.runId), judging(call.projectNo));
        verdicts.push(verdict);
        await breather.breathe();
      }
    }
    await writeFeedback(tx, verdicts);
    await writeHours(tx, verdicts, leftOut);
    await this.#feed.advance(tx, batch);
    return {
      judged: verdicts.filter(({ judged }) => judged.length > 0).length,
      leftOut: leftOut.length,
      isFull: batch.entries.length >= ENTRIES_AT_ONCE || batch.runs >= RUNS_AT_ONCE,
    };
  }

  #verdictsOn(call: CompletedCall, said: CallTexts | undefined, { checks, keepPasses }: Judging): Verdicts {
    const has = (key: RuleKey): boolean => checks.includes(key);
    const byText = said === undefined ? [] : judgeRun(said, CHECK_KEYS.filter(has));
    const byUsual = judgeByUsual(call, this.#usual.of(call), USUAL_KEYS.filter(has));
    const judged = [...byText, ...byUsual];
    return { call, keepPasses, judged, skipped: checks.filter((key) => !judged.some((one) => one.key === key)) };
  }
}

/** Those that a project's share lets through, at most so many; both are decided by the run's draw alone. */
export function choose(
  calls: readonly CallHead[],
  judging: (projectNo: number) => Judging,
  most = JUDGED_AT_ONCE,
): { readonly chosen: readonly CallHead[]; readonly leftOut: readonly CallHead[] } {
  const drawn = calls
    .map((call) => ({ call, draw: drawOf(call.runId, 'rules') }))
    .filter(({ call, draw }) => draw < judging(call.projectNo).share && judging(call.projectNo).checks.length > 0)
    .toSorted((a, b) => a.draw - b.draw)
    .slice(0, most)
    .map(({ call }) => call);
  const taken = new Set(drawn);
  return { chosen: drawn, leftOut: calls.filter((call) => !taken.has(call)) };
}

async function writeFeedback(tx: Transaction, verdicts: readonly Verdicts[]): Promise<void> {
  const rows = verdicts.flatMap(({ call, judged, keepPasses }) =>
    judged.filter(({ verdict }) => keepPasses || verdict !== 'pass').map((verdict) => ({ call, verdict })),
  );
  if (rows.length === 0) return;
  await tx.query(sql`insert into muster.trace_feedback (feedback_id, run_id, trace_id, project_no, key, score, value, comment, source, extra)
    select * from unnest(${rows.map(({ call, verdict }) => verdictId(call.runId, verdict.key))}::uuid[], ${rows.map(({ call }) => call.runId)}::uuid[],
      ${rows.map(({ call }) => call.traceId)}::uuid[], ${rows.map(({ call }) => call.projectNo)}::int[], ${rows.map(({ verdict }) => verdict.key)}::text[],
      ${rows.map(({ verdict }) => verdict.score)}::float8[], ${rows.map(({ verdict }) => JSON.stringify(verdict.verdict))}::text[],
      ${rows.map(({ verdict }) => storable(verdict.because))}::text[], ${rows.map(() => 'heuristic')}::text[],
      ${rows.map(({ verdict }) => storable(JSON.stringify({ evidence: verdict.evidence })))}::text[])
    on conflict (feedback_id) do update set score = excluded.score, value = excluded.value, comment = excluded.comment, extra = excluded.extra,
      modified_at = clock_timestamp()`);
}

/** PostgreSQL holds no U+0000. */
const storable = (text: string): string => text.replaceAll('\u0000', '');

/** What an hour gains of a project and a rule; of the key '' the runs that the rules left out. */
interface HourTally {
  readonly projectNo: number;
  readonly key: string;
  readonly n: number;
  readonly sum: number;
  readonly failures: number;
  readonly skipped: number;
}

async function writeHours(tx: Transaction, verdicts: readonly Verdicts[], leftOut: readonly CallHead[]): Promise<void> {
  const tallies = new Map<string, HourTally>();
  const add = (projectNo: number, key: string, more: Partial<HourTally>): void => {
    const place = `${projectNo} ${key}`;
    const tally = tallies.get(place) ?? { projectNo, key, n: 0, sum: 0, failures: 0, skipped: 0 };
    tallies.set(place, {
      ...tally,
      n: tally.n + (more.n ?? 0),
      sum: tally.sum + (more.sum ?? 0),
      failures: tally.failures + (more.failures ?? 0),
      skipped: tally.skipped + (more.skipped ?? 0),
    });
  };
  for (const { call, judged, skipped } of verdicts) {
    for (const { key, score, verdict } of judged) add(call.projectNo, key, { n: 1, sum: score, failures: verdict === 'fail' ? 1 : 0 });
    for (const key of skipped) add(call.projectNo, key, { skipped: 1 });
  }
  for (const { projectNo } of leftOut) add(projectNo, '', { n: 1 });
  const rows = [...tallies.values()].toSorted((a, b) => a.projectNo - b.projectNo || (a.key < b.key ? -1 : 1));
  if (rows.length === 0) return;
  await tx.query(sql`insert into muster.trace_score_hours as h (project_no, key, hour, n, sum, failures, skipped)
    select project_no, key, date_trunc('hour', clock_timestamp(), 'UTC'), n, sum, failures, skipped
    from unnest(${rows.map(({ projectNo }) => projectNo)}::int[], ${rows.map(({ key }) => key)}::text[], ${rows.map(({ n }) => n)}::int[],
      ${rows.map(({ sum }) => sum)}::float8[], ${rows.map(({ failures }) => failures)}::int[], ${rows.map(({ skipped }) => skipped)}::int[])
      as v(project_no, key, n, sum, failures, skipped)
    on conflict (project_no, key, hour) do update set n = h.n + excluded.n, sum = h.sum + excluded.sum, failures = h.failures + excluded.failures,
      skipped = h.skipped + excluded.skipped`);
}
