export { DEFAULT_RULES } from './default-rules.ts';
export { createRuleEvaluator, MOST_SERIES_A_RULE, type EvaluatorOptions } from './evaluator.ts';
export type { RuleDocument } from './document.ts';
export { replayRule, type Replay } from './replay.ts';
export { compileRule, rank, type Level, type Rule } from './rule.ts';
export { ruleFile, ruleList } from './rule-file.ts';
export { createRuleStore, RULES_TOPIC, type RuleRecord, type RuleStore } from './rule-store.ts';
export type { Evaluation, RuleEvaluator, Verdict, VerdictState } from './verdict.ts';
export { ruleView } from './views.ts';
