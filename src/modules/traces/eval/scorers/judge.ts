import type { Database } from '../../../../db/database.ts';
import { conversationOf } from '../../content/conversation/index.ts';
import { caseOf } from '../../quality/checks/check.ts';
import { addToDay, takeCall } from '../../quality/judge/budget.ts';
import { consult, type Consulting } from '../../quality/judge/consult.ts';
import type { ActiveEvaluator } from '../../quality/judge/evaluators.ts';
import { judgementId } from '../../quality/judge/verdict.ts';
import { textOf } from './said.ts';
import type { Scorer } from './scorer.ts';

const MOST_ATTEMPTS = 3;

/** Lets the model of an evaluator judge, within the evaluator's budget of the day: what it may not spend is told as unscored. */
export const judge =
  (key: string, evaluator: ActiveEvaluator, db: Database, consulting: Consulting): Scorer =>
  async ({ expected, inputs, outputs, runId }, signal) => {
    if (outputs === null) return [];
    const { question, given, answer } = caseOf(conversationOf({ inputs, outputs }), false);
    // What is no conversation is judged as it stands.
    const judged = {
      runId,
      question: question === '' ? inputs : question,
      given,
      answer: answer.trim() === '' ? (textOf(outputs) ?? '') : answer,
      expected: textOf(expected),
    };
    if (judged.answer.trim() === '') return [];
    let lastError = '';
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
      if (!(await takeCall(db, evaluator.name))) {
        await addToDay(db, evaluator.name, { leftOut: 1 });
        return [{ key, unscored: `the budget of ${evaluator.name} for today is spent` }];
      }
      const opinion = await consult(evaluator, judged, consulting, signal);
      if (opinion === undefined) throw signal.reason as Error;
      const { cost, read } = opinion;
      if ('error' in read) {
        lastError = read.error;
        await addToDay(db, evaluator.name, { errors: 1, cost, lastError });
        continue;
      }
      await addToDay(db, evaluator.name, { scores: 1, cost });
      const { reasoning, score } = read.verdict;
      return [{ key, score, because: reasoning, saidIn: judgementId('run', evaluator.name, runId) }];
    }
    return [{ key, unscored: lastError }];
  };
