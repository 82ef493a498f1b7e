export { DEFAULT_RULES } from './default-rules.ts';
export type { RuleDocument } from './document.ts';
export { createRuleEvaluator } from './evaluator.ts';
export { replayRule, type Replay } from './replay.ts';
export { compileRule } from './rule.ts';
export { ruleFile } from './rule-file.ts';
export { createRuleStore, type RuleRecord, type RuleStore } from './rule-store.ts';
export { ruleView } from './views.ts';
