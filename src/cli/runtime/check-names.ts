// Not through the modules' indexes: that would load every agent before PostgreSQL is even started.
import { ruleList } from '../../modules/alerting/rules/rule-file.ts';
import { DEFAULT_THRESHOLDS } from '../../modules/health/thresholds.ts';

/** The checks whose thresholds monitoring.yml may set. */
export const checkNames = (): readonly string[] => Object.keys(DEFAULT_THRESHOLDS);

/** What of the configuration's content only the modules know. */
export const knownToModules = () => ({ checks: checkNames(), rules: ruleList });
