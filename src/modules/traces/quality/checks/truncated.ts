import { at, fail, pass, unsure, type Check } from './check.ts';

/** Ends of sentences in many scripts, and what may follow them. */
const ENDED = /[.!?…。！？।؟۔:;)\]}"'”’»」』*_`|>~\p{Emoji_Presentation}\p{Extended_Pictographic}]\s*$/u;
/** Words with which no sentence ends: articles, conjunctions, prepositions. */
const DANGLING =
  /(?:^|\s)(?:the|a|an|and|or|but|of|to|with|for|in|on|at|by|from|because|that|which|is|are|der|die|das|ein|eine|und|oder|mit|von|für|weil|dass|le|la|les|un|une|et|ou|de|du|des|avec|pour|parce|que|el|los|las|una|y|o|del|con|para|porque|il|lo|gli|e|di|per|perché|het|een|en|van|met|voor|omdat|i|w|z|na|do|że|и|в|на|с|для|что|или|і|та|для|що)\s*$/iu;
const SHORTEST_PROSE = 120;

export const truncated: Check = ({ conversation, answer, failed }) => {
  if (failed) return undefined;
  const { finish } = conversation;
  const tail = [at(answer, Math.max(0, answer.length - 80), answer.length)];
  if (finish === 'length') return fail(0, 'the model was stopped at its limit of tokens', answer === '' ? [] : tail);
  const said = answer.trimEnd();
  if (said === '') return undefined;
  if (conversation.asked !== null) return undefined;
  if (((said.match(/^\s*(?:```|~~~)/gm) ?? []).length & 1) === 1) return fail(0.1, 'a block of code is never closed', tail);
  if (finish === 'tool_calls') return pass('it went on to call a tool');
  if (said.length < SHORTEST_PROSE)
    return /[,，、—]$/.test(said) || DANGLING.test(said) ? unsure(0.5, 'it ends where no sentence ends', tail) : pass('it ends');
  if (/[,，、]$/.test(said) || (DANGLING.test(said) && !ENDED.test(said))) return fail(0.2, 'it ends in the middle of a sentence', tail);
  if (ENDED.test(said) || isList(said)) return pass('it ends');
  // A title, a name or a link may end a text, too: where the provider says that the model was done, it is believed.
  if (finish === 'stop') return pass('the model was done');
  return /[.!?。！？।]/u.test(said.slice(0, -20))
    ? unsure(0.5, 'its last sentence has no end', tail)
    : pass('its sentences have no ends anyway');
};

/** Lists, tables and verses end without a stop: their last lines look alike. */
function isList(said: string): boolean {
  const lines = said.split('\n').filter((line) => line.trim() !== '');
  const last = lines.at(-1) ?? '';
  if (/^\s*(?:[-*•+]|\d+[.)]|\|)\s*/.test(last) || /https?:\/\/\S+$/.test(last)) return true;
  return lines.length >= 4 && lines.slice(-4).filter((line) => !/[.!?。！？]\s*$/.test(line)).length >= 3 && last.length < 80;
}
