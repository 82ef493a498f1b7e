import { at, fail, pass, type Check } from './check.ts';

/** Words that stand for nothing where a program wrote them in the model's place. */
const NOTHING = /^(?:null|undefined|none|nan|n\/a|\[\]|\{\}|""|''|\[object object\])$/i;

export const empty: Check = ({ conversation, answer, failed }) => {
  if (failed) return undefined;
  const parts = conversation.output.flatMap((message) => message.parts);
  if (parts.some(({ type }) => type === 'tool_call' || type === 'media' || type === 'refusal'))
    return pass('it called a tool or sent more than text');
  const said = answer.trim();
  if (said === '') return fail(0, 'there is no answer');
  if (NOTHING.test(said)) return fail(0, `the answer is ${said}`, [at(answer, 0, answer.length)]);
  if (!/[\p{L}\p{N}\p{Emoji_Presentation}]/u.test(said)) return fail(0.1, 'the answer holds no word', [at(answer, 0, answer.length)]);
  return pass('there is an answer');
};
