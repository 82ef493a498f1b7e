export { compare } from './comparison.ts';
export { evaluateAll } from './evaluate.ts';
export { closeExperiment, experimentOf, openExperiment, runTrial, scoresOf, trialsOf } from './experiment.ts';
export { markdownOf, reportOf, type Report } from './report.ts';
export { DEFAULT_SCORERS, scorersOf } from './scorers.ts';
export { targetOf } from './target.ts';
