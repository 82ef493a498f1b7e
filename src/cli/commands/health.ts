import { EXIT, MusterError } from '../../base/errors.ts';
import { isoTime, isoTimeOrNull } from '../../http/time.ts';
import { diffOf, diffView, faded, judgedLast, Scores, scoreView, type ScoreDiff, type ScoreRecord } from '../../modules/health/index.ts';
import type { Invocation } from '../invocation.ts';
import type { Colors } from '../output.ts';
import { withFleet, type FleetAccess } from '../runtime/fleet-access.ts';
import { drawTable, printable } from '../table.ts';
import { momentOf } from '../moment.ts';
import { ago, plural } from '../wording.ts';

const MOST_SUBJECTS = 1_000;
const MOST_CHANGES = 500;

interface HealthOptions {
  readonly since?: string;
}

/** How well everything is, why one thing is not, or what changed since a time. Exit code 1 where what was asked for is critical or unknown. */
export async function run(invocation: Invocation, options: HealthOptions, target?: string): Promise<number> {
  return withFleet(invocation, async (fleet) => {
    const now = await fleet.now();
    const since = options.since === undefined ? undefined : momentOf(options.since, now);
    const scores = new Scores(fleet.state.database);
    const subject = target === undefined ? undefined : await subjectOf(fleet, scores, target);
    if (since !== undefined) return changes(invocation, fleet, { scores, since, now, subject });
    return subject === undefined ? all(invocation, fleet, scores, now) : one(invocation, fleet, { scores, subject, now });
  });
}

async function all({ output }: Invocation, { state }: FleetAccess, scores: Scores, now: number): Promise<number> {
  const judged = await judgedLast(state, now);
  const found = (await scores.at(undefined, { limit: MOST_SUBJECTS })).map((record) => faded(record, judged)).toSorted(lowestFirst);
  const fleet = found.find(({ subject }) => subject === 'fleet');
  output.result({ items: found.map(scoreView), evaluated_at: isoTimeOrNull(judged.at), stale: judged.stale }, () => {
    const { colors } = output;
    if (found.length === 0)
      return 'Nothing has been judged yet. Start `heartbeat_health_agent` with `muster agents start heartbeat_health_agent`.';
    const rows = found.map((record) => [
      printable(record.subject),
      scoreMark(record, colors),
      record.band,
      `${Math.floor(record.coverage * 100)}%`,
      ago(record.since, now),
      colors.dim(printable(reasonsOf(record)[0] ?? '')),
    ]);
    const columns = [
      { title: 'SUBJECT', shrinkTo: 16 },
      { title: 'SCORE', align: 'right' as const },
      { title: 'BAND' },
      { title: 'COVERAGE', align: 'right' as const },
      { title: 'SINCE', align: 'right' as const },
      { title: 'WHY', shrinkTo: 8 },
    ];
    return [
      drawTable(columns, rows, output.columns, colors.dim),
      '',
      colors.dim(`Judged ${ago(judged.at, now)}. \`muster health <subject>\` says why.`),
    ].join('\n');
  });
  return verdictOf(fleet);
}

async function one(
  { output }: Invocation,
  { state }: FleetAccess,
  { scores, subject, now }: { readonly scores: Scores; readonly subject: string; readonly now: number },
): Promise<number> {
  const [stored, judged] = [await scores.of(subject), await judgedLast(state, now)];
  if (stored === undefined) throw noScore(subject);
  const record = faded(stored, judged);
  output.result({ ...scoreView(record), evaluated_at: isoTimeOrNull(judged.at), stale: judged.stale }, () => {
    const { colors } = output;
    const lines = [
      `${colors.bold(printable(subject))}  ${scoreMark(record, colors)}${record.score === null ? '' : ' of 100'}, ${record.band}, for ${ago(record.since, now).replace(' ago', '')}`,
      colors.dim(`${Math.floor(record.coverage * 100)}% of its checks had data; judged ${ago(judged.at, now)}`),
      ...record.findings.flatMap((finding) => [
        '',
        `${colors.yellow(`-${finding.points}`.padStart(6))}  ${finding.level}: ${printable(finding.text)}`,
        `        ${colors.dim(printable(finding.remedy))}`,
      ]),
      ...(record.caps.length === 0 ? [] : ['', ...record.caps.map((cap) => `  at most ${cap.score}: ${cap.because}`)]),
      ...(record.unknown.length === 0 ? [] : ['', ...record.unknown.map((text) => `  no data: ${printable(text)}`)]),
      ...(record.components.length === 0
        ? []
        : [
            '',
            ...record.components.map(
              ({ name, score, members, unscored, worst }) =>
                `  ${name.padEnd(10)}${score === null ? 'unknown' : String(score).padStart(5)}  ${plural(members, 'subject')}${unscored === 0 ? '' : `, ${unscored} unknown`}${worst.length === 0 ? '' : `; lowest: ${worst.map((each) => `${printable(each.subject)} ${each.score}`).join(', ')}`}`,
            ),
          ]),
    ];
    return lines.join('\n');
  });
  return verdictOf(record);
}

async function changes(
  { output }: Invocation,
  { state }: FleetAccess,
  {
    scores,
    since,
    now,
    subject,
  }: { readonly scores: Scores; readonly since: number; readonly now: number; readonly subject: string | undefined },
): Promise<number> {
  const judged = await judgedLast(state, now);
  const found = (await scores.changed(since, MOST_CHANGES))
    .map((change) => diffOf({ ...change, now: change.now === null ? null : faded(change.now, judged) }))
    .filter((diff) => subject === undefined || diff.subject === subject);
  output.result({ since: isoTime(since), items: found.map(diffView), evaluated_at: isoTimeOrNull(judged.at), stale: judged.stale }, () =>
    found.length === 0
      ? `Nothing changed since ${new Date(since).toLocaleString()}.`
      : found.map((diff) => changeLines(diff, output.colors)).join('\n'),
  );
  return EXIT.ok;
}

function changeLines(diff: ScoreDiff, colors: Colors): string {
  const figure = (score: number | null, band: string | null): string =>
    score === null ? (band ?? 'not there') : String(Math.round(score));
  const lines = [
    ...diff.found.map((finding) => colors.red(`  + ${finding.level}: ${printable(finding.text)}`)),
    ...diff.graver.map((finding) => colors.red(`  ↑ now ${finding.level}: ${printable(finding.text)}`)),
    ...diff.lighter.map((finding) => colors.green(`  ↓ now ${finding.level}: ${printable(finding.text)}`)),
    ...diff.gone.map((finding) => colors.green(`  - ${finding.level}: ${printable(finding.text)}`)),
    ...diff.lostSight.map((check) => colors.yellow(`  ? no data any more: ${printable(check)}`)),
    ...diff.regainedSight.map((check) => colors.dim(`    data again: ${printable(check)}`)),
  ];
  return [
    `${colors.bold(printable(diff.subject))}  ${figure(diff.before, diff.bandBefore)} → ${figure(diff.now, diff.band)}`,
    ...lines,
  ].join('\n');
}

/** A subject by its name, or as people call it: the id of an agent, the name of a host. */
async function subjectOf({ state }: FleetAccess, scores: Scores, target: string): Promise<string> {
  if (/^(fleet|database|database:.+|host:.+|agent:.+)$/.test(target)) return target;
  for (const subject of [`agent:${target}`, `host:${target}`, `database:${target}`])
    if ((await scores.of(subject)) !== undefined) return subject;
  const isHost = (await state.hosts.list()).some(({ hostname }) => hostname === target);
  throw noScore(isHost ? `host:${target}` : target);
}

const noScore = (subject: string): MusterError =>
  new MusterError('NOT_FOUND', `There is no score of "${printable(subject)}"`, {
    remedy: 'Run `muster health` for those there are: fleet, database, another database or a host by its name, an agent by its id.',
  });

const verdictOf = (record: ScoreRecord | undefined): number =>
  record === undefined || record.band === 'critical' || record.band === 'unknown' ? EXIT.failure : EXIT.ok;

const reasonsOf = ({ findings, caps, unknown }: ScoreRecord): readonly string[] => [
  ...findings.map(({ text }) => text),
  ...caps.map(({ because }) => because),
  ...unknown,
];

/** The fleet, then the lowest; what has no score before what has one, and what is paused at the end. */
function lowestFirst(a: ScoreRecord, b: ScoreRecord): number {
  const rank = ({ subject, band }: ScoreRecord): number => (subject === 'fleet' ? -1 : band === 'paused' ? 1 : 0);
  return rank(a) - rank(b) || (a.score ?? -1) - (b.score ?? -1) || (a.subject < b.subject ? -1 : 1);
}

function scoreMark({ score }: Pick<ScoreRecord, 'score'>, colors: Colors): string {
  if (score === null) return colors.dim('-');
  const text = String(Math.round(score));
  return score >= 90 ? colors.green(text) : score >= 50 ? colors.yellow(text) : colors.red(text);
}
