import { at, fail, pass, unsure, withoutCode, type Check } from './check.ts';
import { languageOf, type Language } from './detect-language.ts';

/** Where somebody names a language or asks for a translation, the answer may well be in another one than the question. */
const NAMES_A_LANGUAGE =
  /\b(?:translat\w*|translation|übersetz\w*|tradui\w*|traduc\w*|traduz\w*|tradur\w*|vertaal\w*|tłumacz\w*|przetłumacz\w*)\b|(?:перевед|перекла|翻译|翻譯|翻訳|번역|ترجم|अनुवाद)|\b(?:english|german|french|spanish|italian|portuguese|dutch|polish|russian|ukrainian|turkish|swedish|czech|chinese|mandarin|japanese|korean|arabic|hindi|greek|hebrew|deutsch|englisch|französisch|spanisch|italienisch|polnisch|russisch|anglais|allemand|français|espagnol|inglés|alemán|francés|español|inglese|tedesco|francese|spagnolo|inglês|alemão|espanhol|engels|duits|frans|spaans|angielsk\w*|niemieck\w*|hiszpańsk\w*|polsk\w*|ingilizce|almanca|türkçe|engelska|tyska|anglicky|německy)\b|(?:английск|немецк|французск|русск|англійськ|українськ|英语|英文|中文|日语|法语|英語|日本語|中国語|영어|한국어|الإنجليزية|العربية|अंग्रेज़ी|हिंदी|हिन्दी)/iu;

/**
 * Whether the answer is in the language of the question. Scripts tell for certain; of languages that share one, stop words tell, and only where
 * there are enough of them: what is short, mixed or asks for another language is not judged.
 */
export const language: Check = ({ question, answer, conversation, given, failed }) => {
  if (failed || conversation.asked !== null) return undefined;
  const asked = languageOf(prose(question));
  const said = asked === undefined ? undefined : languageOf(prose(answer));
  if (asked === undefined || said === undefined) return undefined;
  if (asked.language === said.language) return pass(`both are ${asked.language}`);
  const instructions = conversation.input.filter(({ role }) => role === 'system').length === 0 ? question : given;
  if (NAMES_A_LANGUAGE.test(question) || NAMES_A_LANGUAGE.test(instructions.slice(0, 20_000))) return undefined;
  const because = `the question is ${asked.language}, the answer ${said.language}`;
  const evidence = [at(answer, 0, answer.length)];
  return certain(asked, said) ? fail(0, because, evidence) : unsure(0.5, because, evidence);
};

const certain = (a: Language, b: Language): boolean => a.script !== b.script || (a.certainty >= 0.7 && b.certainty >= 0.7);

/** Code, quotations and addresses say nothing of the language they stand in. */
const prose = (text: string): string =>
  withoutCode(text.slice(0, 8_000))
    .replace(/https?:\/\/\S+|\S+@\S+/g, ' ')
    .replace(/[“„«「"][^”“»」"\n]{0,400}[”“»」"]/g, ' ');
