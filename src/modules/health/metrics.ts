import { gauge, type Catalogue } from '../metric.ts';

export const HEALTH_METRICS = {
  health_score: gauge.run(
    'points',
    'the findings',
    '0 to 100 by subject: fleet, database, database:<name>, host:<hostname>, agent:<agent_id>; absent where nothing is known',
    ['subject'],
  ),
  health_coverage_ratio: gauge.run('ratio', 'the checks', 'Share of the checks of a subject that had data to judge', ['subject']),
  health_findings: gauge.run('', 'the findings', 'Open findings by level: info, warning, critical, emergency', ['level']),
} as const satisfies Catalogue;
