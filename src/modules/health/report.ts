import { z } from 'zod';
import { MusterError } from '../../base/errors.ts';
import { LEVELS, type Finding, type Level, type Subject, type Verdict } from './finding.ts';
import { BANDS, pausedSubject, scoreFleet, scoreSubject, type Band, type Cap, type Component, type SubjectHealth } from './score.ts';

/** Findings and subjects in a report at most, the gravest first: a report is one small document. */
const MOST_FINDINGS = 200;
const MOST_SUBJECTS = 200;

export type ReportedFinding = Finding & { readonly since: string };

export interface ReportedSubject {
  readonly subject: Subject;
  readonly score: number | null;
  readonly band: Band;
  readonly level: Level | null;
  readonly coverage: number;
  readonly findings: number;
  /** Checks without data, with why; the first ten. */
  readonly unknown: readonly string[];
  /** What holds the score down besides findings. */
  readonly caps: readonly Cap[];
  /** What the score of the fleet is made from. */
  readonly components?: readonly Component[];
}

/** The document `health:fleet` of system_state. */
export interface HealthReport {
  readonly evaluated_at: string;
  /** After this it says nothing about now: three runs have not come. */
  readonly good_until?: string;
  readonly score: number | null;
  readonly band: Band;
  readonly level: Level | null;
  readonly coverage: number;
  /** Open findings by level. */
  readonly counts: Readonly<Record<Level, number>>;
  readonly findings: readonly ReportedFinding[];
  readonly findings_omitted: number;
  /** The fleet first, then the worst. */
  readonly subjects: readonly ReportedSubject[];
  readonly subjects_omitted: number;
  /** What a minute of this costs, once rates are configured. */
  readonly business_impact: string;
}

export const NO_BUSINESS_IMPACT = 'not configured';

/** What the next report needs of the one before. */
export interface ReportBefore {
  /** Milliseconds since 1970. */
  readonly evaluated_at?: number | undefined;
  readonly findings: readonly Pick<ReportedFinding, 'id' | 'level' | 'since'>[];
  readonly subjects: readonly Pick<ReportedSubject, 'subject' | 'score' | 'band' | 'level'>[];
}

const level = z.enum(LEVELS);
const reportBefore = z.object({
  evaluated_at: z.iso
    .datetime()
    .transform((text) => Date.parse(text))
    .optional()
    .catch(undefined),
  findings: z.array(z.object({ id: z.string(), level, since: z.iso.datetime() })),
  subjects: z.array(
    z.object({
      subject: z.string().transform((text) => text as Subject),
      score: z.number().nullable(),
      band: z.enum(BANDS),
      level: level.nullable(),
    }),
  ),
});

/** The report that is stored, as far as it is one: anybody may have written there. */
export const readReport = (stored: unknown): ReportBefore | undefined => reportBefore.safeParse(stored).data;

/** All there is to say of every subject, the fleet first: the report shows the worst of it, the table of scores keeps all. */
export type Judgement = readonly SubjectHealth[];

/** Every subject with its score, from the verdicts of all checks and those that are paused. */
export function judgementOf(verdicts: readonly Verdict[], paused: readonly Subject[] = []): Judgement {
  const bySubject = new Map<Subject, Verdict[]>();
  for (const verdict of verdicts) bySubject.set(verdict.subject, [...(bySubject.get(verdict.subject) ?? []), verdict]);
  const members = [
    ...[...bySubject].filter(([subject]) => subject !== 'fleet').map(([subject, own]) => scoreSubject(subject, own)),
    ...paused.map(pausedSubject),
  ];
  return [scoreFleet(scoreSubject('fleet', bySubject.get('fleet') ?? []), members), ...members];
}

/** What a report says of a judgement; `previous` gives findings their age. */
export function reportOf(judgement: Judgement, now: number, previous: Pick<ReportBefore, 'findings'> | undefined): HealthReport {
  const [fleet, ...members] = judgement;
  if (fleet === undefined) throw new MusterError('INTERNAL', 'a judgement without the fleet');
  const since = new Map(previous?.findings.map((finding) => [finding.id, finding.since]));
  const evaluatedAt = new Date(now).toISOString();
  const findings = [fleet, ...members]
    .flatMap((subject) => subject.findings)
    .toSorted((a, b) => LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level) || b.points - a.points || (a.id < b.id ? -1 : 1))
    .map((finding) => ({ ...finding, since: since.get(finding.id) ?? evaluatedAt }));
  const subjects = [fleet, ...members.toSorted(worstFirst)].map(reported);
  return {
    evaluated_at: evaluatedAt,
    score: fleet.score,
    band: fleet.band,
    level: fleet.level,
    coverage: fleet.coverage,
    counts: countByLevel(findings),
    findings: findings.slice(0, MOST_FINDINGS),
    findings_omitted: Math.max(0, findings.length - MOST_FINDINGS),
    subjects: subjects.slice(0, MOST_SUBJECTS),
    subjects_omitted: Math.max(0, subjects.length - MOST_SUBJECTS),
    business_impact: NO_BUSINESS_IMPACT,
  };
}

function countByLevel(findings: readonly Finding[]): Readonly<Record<Level, number>> {
  const counts = { info: 0, warning: 0, critical: 0, emergency: 0 };
  for (const { level } of findings) counts[level] += 1;
  return counts;
}

/** Database and hosts before agents where they are equally well: they are few, and everybody looks for them. */
function worstFirst(a: SubjectHealth, b: SubjectHealth): number {
  const isPaused = ({ band }: SubjectHealth): number => (band === 'paused' ? 1 : 0);
  const isAgent = ({ subject }: SubjectHealth): number => (subject.startsWith('agent:') ? 1 : 0);
  return isPaused(a) - isPaused(b) || (a.score ?? -1) - (b.score ?? -1) || isAgent(a) - isAgent(b) || (a.subject < b.subject ? -1 : 1);
}

function reported({ findings, unknown, components, ...subject }: SubjectHealth): ReportedSubject {
  return {
    ...subject,
    findings: findings.length,
    unknown: unknown.slice(0, 10),
    ...(components.length === 0 ? {} : { components }),
  };
}

export interface HealthChange {
  readonly subject: Subject;
  readonly score: number | null;
  readonly previous_score: number | null;
  readonly band: Band;
  readonly previous_band: Band;
  readonly level: Level | null;
  readonly previous_level: Level | null;
  /** The gravest finding; null where there is none left. */
  readonly because: string | null;
}

/**
 * Subjects whose level or band is another one than in the report before. Those that report did not know are no change, nor is
 * a band that only data that came or went has moved, while nothing is found: a fleet that starts is not news.
 */
export function changesBetween(previous: Pick<ReportBefore, 'subjects'> | undefined, report: HealthReport): readonly HealthChange[] {
  const before = new Map(previous?.subjects.map((subject) => [subject.subject, subject]));
  return report.subjects.flatMap((subject) => {
    const old = before.get(subject.subject);
    if (old === undefined || (old.band === subject.band && old.level === subject.level)) return [];
    if (old.level === null && subject.level === null && isScored(old.band) && isScored(subject.band)) return [];
    const because =
      report.findings.find((finding) =>
        subject.subject === 'fleet' ? !finding.subject.startsWith('database:') : finding.subject === subject.subject,
      )?.text ?? null;
    return [
      {
        subject: subject.subject,
        score: subject.score,
        previous_score: old.score,
        band: subject.band,
        previous_band: old.band,
        level: subject.level,
        previous_level: old.level,
        because,
      },
    ];
  });
}

const isScored = (band: Band): boolean => band !== 'unknown' && band !== 'paused';
