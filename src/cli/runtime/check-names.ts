// Not through the module's index: that would load every agent before PostgreSQL is even started.
import { DEFAULT_THRESHOLDS } from '../../modules/health/thresholds.ts';

/** The checks whose thresholds monitoring.yml may set. */
export const checkNames = (): readonly string[] => Object.keys(DEFAULT_THRESHOLDS);
