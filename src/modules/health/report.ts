import { z } from 'zod';
import { LEVELS, type Finding, type Level, type Subject, type Verdict } from './finding.ts';
import { BANDS, scoreFleet, scoreSubject, type Band, type SubjectHealth } from './score.ts';

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
}

/** The document `health:fleet` of system_state. */
export interface HealthReport {
  readonly evaluated_at: string;
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
  readonly findings: readonly Pick<ReportedFinding, 'id' | 'level' | 'since'>[];
  readonly subjects: readonly Pick<ReportedSubject, 'subject' | 'score' | 'band' | 'level'>[];
}

const level = z.enum(LEVELS);
const reportBefore = z.object({
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

/** Everything a report says, from the verdicts of all checks; `previous` gives findings their age. */
export function reportOf(verdicts: readonly Verdict[], now: number, previous: Pick<ReportBefore, 'findings'> | undefined): HealthReport {
  const bySubject = new Map<Subject, Verdict[]>();
  for (const verdict of verdicts) bySubject.set(verdict.subject, [...(bySubject.get(verdict.subject) ?? []), verdict]);
  const members = [...bySubject].filter(([subject]) => subject !== 'fleet').map(([subject, own]) => scoreSubject(subject, own));
  const fleet = scoreFleet(scoreSubject('fleet', bySubject.get('fleet') ?? []), members);
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
  const isAgent = ({ subject }: SubjectHealth): number => (subject.startsWith('agent:') ? 1 : 0);
  return (a.score ?? -1) - (b.score ?? -1) || isAgent(a) - isAgent(b) || (a.subject < b.subject ? -1 : 1);
}

function reported({ findings, unknown, ...subject }: SubjectHealth): ReportedSubject {
  return { ...subject, findings: findings.length, unknown: unknown.slice(0, 10) };
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

/** Subjects whose level or band is another one than in the report before. Those that report did not know are no change. */
export function changesBetween(previous: Pick<ReportBefore, 'subjects'> | undefined, report: HealthReport): readonly HealthChange[] {
  const before = new Map(previous?.subjects.map((subject) => [subject.subject, subject]));
  return report.subjects.flatMap((subject) => {
    const old = before.get(subject.subject);
    if (old === undefined || (old.band === subject.band && old.level === subject.level)) return [];
    const because = report.findings.find((finding) => subject.subject === 'fleet' || finding.subject === subject.subject)?.text ?? null;
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
