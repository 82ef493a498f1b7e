import { z } from 'zod';
import { isoTime, isoTimeOrNull } from '../../http/time.ts';
import { IsoTime } from '../../http/schemas.ts';
import type { ScoreDiff } from './diff.ts';
import { LEVELS } from './finding.ts';
import { BANDS } from './score.ts';
import type { ScoreRecord } from './scores.ts';

const Level = z.enum(LEVELS);
const Band = z.enum(BANDS).describe('healthy from 90, degraded from 70, unhealthy from 50, critical; unknown; paused');

export const FindingView = z
  .object({
    id: z.string(),
    subject: z.string(),
    check: z.string(),
    level: Level,
    points: z.number().describe('How much of what the others left of the score this takes, in percent'),
    text: z.string(),
    value: z.union([z.number(), z.string()]),
    threshold: z.number().nullable(),
    remedy: z.string(),
  })
  .meta({ id: 'HealthFinding', description: 'Something that is wrong, found in what was measured' });

const CapView = z.object({ score: z.number(), because: z.string() });

const ComponentView = z.object({
  name: z.enum(['fleet', 'database', 'hosts', 'agents', 'databases']),
  score: z.number().nullable(),
  members: z.number().int(),
  unscored: z.number().int(),
  coverage: z.number(),
  worst: z.array(z.object({ subject: z.string(), score: z.number() })),
});

export const ScoreView = z
  .object({
    subject: z.string().describe('fleet, database, database:<name>, host:<hostname> or agent:<agent_id>'),
    score: z.number().nullable().describe('0 to 100; null: nothing is known, or it is paused'),
    band: Band,
    level: Level.nullable().describe('The gravest finding'),
    coverage: z.number().describe('Share of the checks that had data to judge'),
    findings: z.array(FindingView),
    unknown: z.array(z.string()).describe('Checks without data, with why'),
    caps: z.array(CapView).describe('What the score may not be above, and why'),
    components: z
      .array(ComponentView)
      .describe('Of the fleet: the groups its score is made from, and the databases besides its own, which move nothing'),
    since: IsoTime.describe('Since when it is so'),
    until: IsoTime.nullable().describe('null: it still is so'),
  })
  .meta({ id: 'HealthScore', description: 'A score, and all it is made of' });

export function scoreView(record: ScoreRecord): z.input<typeof ScoreView> {
  return {
    ...record,
    findings: record.findings.map((finding) => ({ ...finding })),
    unknown: [...record.unknown],
    caps: record.caps.map((cap) => ({ ...cap })),
    components: record.components.map((component) => ({ ...component, worst: component.worst.map((each) => ({ ...each })) })),
    since: isoTime(record.since),
    until: isoTimeOrNull(record.until),
  };
}

export const DiffView = z
  .object({
    subject: z.string(),
    before: z.number().nullable(),
    now: z.number().nullable(),
    difference: z.number().nullable().describe('null where one of the two is not known'),
    band_before: Band.nullable().describe('null: it was not there'),
    band: Band.nullable().describe('null: it is there no more'),
    found: z.array(FindingView),
    gone: z.array(FindingView),
    graver: z.array(FindingView),
    lighter: z.array(FindingView),
    lost_sight: z.array(z.string()).describe('Checks that had data and have none now'),
    regained_sight: z.array(z.string()),
  })
  .meta({ id: 'HealthChange', description: 'What lies between two moments of a subject' });

export const diffView = ({
  lostSight,
  regainedSight,
  bandBefore,
  found,
  gone,
  graver,
  lighter,
  ...rest
}: ScoreDiff): z.input<typeof DiffView> => ({
  ...rest,
  found: [...found],
  gone: [...gone],
  graver: [...graver],
  lighter: [...lighter],
  band_before: bandBefore,
  lost_sight: [...lostSight],
  regained_sight: [...regainedSight],
});
