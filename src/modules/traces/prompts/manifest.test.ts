import { expect, it } from 'vitest';
import { withoutModel } from './manifest.ts';

const prompt =
  '{"lc": 1, "type": "constructor", "id": ["langchain_core", "prompts", "chat", "ChatPromptTemplate"], "kwargs": {"n": 9007199254740993}}';
const model = '{"lc":1,"type":"constructor","id":["langchain","chat_models","openai","ChatOpenAI"],"kwargs":{}}';
const sequence = (first: string): string =>
  `{"lc":1,"type":"constructor","id":["langchain_core","runnables","RunnableSequence"],"kwargs":{"first":${first},"last":${model}}}`;

it('of a prompt pushed with a model, gives the prompt alone, as it came', () => {
  expect(withoutModel(sequence(prompt))).toBe(prompt);
});

it.each([prompt, model, sequence(model), '{}', '{"id":"x","kwargs":{}}', '[1]', `{"id":["RunnableSequence"],"kwargs":{"last":1}}`])(
  'leaves alone what is no prompt with a model: %s',
  (manifest) => expect(withoutModel(manifest)).toBe(manifest),
);
