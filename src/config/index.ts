export type { Config, ConfigOverrides } from './config.ts';
export { ENTERPRISE_EFFECTS, enterpriseSchema, type Enterprise } from './enterprise.ts';
export { hasErrors, type Finding } from './finding.ts';
export { examineConfig, loadConfig } from './load.ts';
export { LOG_LEVELS, parseLabels } from './read-variables.ts';
export { monitoringSchema, type Monitoring } from './monitoring.ts';
export { nearest } from './nearest.ts';
export { VARIABLES, type Variable } from './variables.ts';
