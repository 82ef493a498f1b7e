import { at, fail, pass, unsure, withoutCode, type Check } from './check.ts';
import { REFUSALS } from './refusal-phrases.ts';
import { sentencesOf } from './sentences.ts';

/** A refusal stands at the beginning; further on a model rather says what it left out. */
const FIRST_SENTENCES = 3;
const SENTENCES = 12;
const LONG_ANSWER = 900;

export const refusal: Check = ({ conversation, answer, failed }) => {
  if (failed) return undefined;
  const stated = conversation.output.flatMap(({ parts }) => parts).find(({ type }) => type === 'refusal');
  if (stated !== undefined) return fail(0, 'the provider marked it as a refusal');
  if (conversation.finish === 'content_filter') return fail(0, 'the content filter of the provider ended it');
  if (answer.trim() === '') return undefined;
  const sentences = sentencesOf(withoutCode(answer.slice(0, 4_000)), SENTENCES);
  for (const [index, { start, text }] of sentences.entries()) {
    const said = text.replace(/^["'“„«「*_\s]+/, (quote) => (/["“„«「]/.test(quote) ? '\u0000' : ''));
    for (const { language, refuses, lacks } of REFUSALS) {
      const evidence = [at(answer, start, start + text.length)];
      if (refuses.test(said)) {
        if (index < FIRST_SENTENCES && answer.length < LONG_ANSWER) return fail(0, `it refuses (${language})`, evidence);
        return unsure(0.5, `it declines part of it (${language})`, evidence);
      }
      if (index < FIRST_SENTENCES && lacks?.test(said) === true)
        return unsure(0.5, `it says that it has not got what it needs (${language})`, evidence);
    }
  }
  return pass('no sentence refuses');
};
