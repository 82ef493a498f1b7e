import type { RuleDocument } from './document.ts';
import type { RuleLookUp } from './replay.ts';
import { compileRule } from './rule.ts';
import type { RuleStore } from './rule-store.ts';

/** The rules that are in force, with those of `given` before them: what a composite is made of where it is tried out. */
export function lookUpIn(store: Pick<RuleStore, 'get'>, given: readonly RuleDocument[] = []): RuleLookUp {
  return async (name) => {
    const document = given.find((each) => each.name === name) ?? (await store.get(name))?.document;
    return document?.enabled === true ? compileRule(document) : undefined;
  };
}
