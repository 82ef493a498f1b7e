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
    const clauses = clausesOf(text);
    for (const { language, refuses, lacks } of REFUSALS) {
      const evidence = [at(answer, start, start + text.length)];
      if (clauses.some((clause) => refuses.test(clause))) {
        if (index < FIRST_SENTENCES && answer.length < LONG_ANSWER) return fail(0, `it refuses (${language})`, evidence);
        return unsure(0.5, `it declines part of it (${language})`, evidence);
      }
      if (index < FIRST_SENTENCES && lacks?.test(clauses[0] ?? '') === true)
        return unsure(0.5, `it says that it has not got what it needs (${language})`, evidence);
    }
  }
  return pass('no sentence refuses');
};

/** The sentence, and what begins behind its commas: "Thanks for asking, but I cannot …". What it quotes, others said. */
function clausesOf(sentence: string): readonly string[] {
  const said = sentence.replace(/[“„«「"][^”“»」"]*[”“»」"]?/g, '\u0000').replace(/^[*_\s]+/, '');
  const behind = said
    .split(/[,;—–]\s*(?:(?:but|however|so|and|therefore|aber|doch|mais|pero|mas|ma|maar|ale|но|али|men|de)\s+)?/i)
    .slice(1, 5);
  return [said, ...behind];
}
