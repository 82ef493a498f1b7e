import { SystemMessage } from '@langchain/core/messages';
import { ChatPromptTemplate, PromptTemplate, StructuredPrompt } from '@langchain/core/prompts';
import { ChatOpenAI } from '@langchain/openai';
import { expect, it } from 'vitest';
import { templateOf } from './template.ts';

/** As a client pushes it. */
const pushed = (object: unknown): unknown => JSON.parse(JSON.stringify(object));

it('reads the messages of a chat prompt: roles, texts, places for messages, and what is no text', () => {
  const prompt = ChatPromptTemplate.fromMessages([
    new SystemMessage('You are brief'),
    [
      'human',
      [
        { type: 'text', text: 'What is {this}?' },
        { type: 'image_url', image_url: { url: '{image}' } },
      ],
    ],
    ['placeholder', '{history}'],
    ['ai', 'A {animal}'],
  ]);
  expect(templateOf(pushed(prompt))).toEqual({
    format: 'f-string',
    variables: expect.arrayContaining(['this', 'image', 'history', 'animal']),
    messages: [
      { role: 'system', parts: [{ type: 'text', text: 'You are brief' }] },
      {
        role: 'human',
        parts: [
          { type: 'text', text: 'What is {this}?' },
          { type: 'json', value: { url: '{image}' } },
        ],
      },
      { role: 'placeholder', variable: 'history', parts: [] },
      { role: 'ai', parts: [{ type: 'text', text: 'A {animal}' }] },
    ],
    schema: null,
    model: null,
  });
});

it('reads a prompt of one text, and how its variables are written', () => {
  expect(templateOf(pushed(PromptTemplate.fromTemplate('Say {{word}}', { templateFormat: 'mustache' })))).toMatchObject({
    format: 'mustache',
    variables: ['word'],
    messages: [{ role: 'human', parts: [{ type: 'text', text: 'Say {{word}}' }] }],
  });
});

it('names the schema of what is to come back', () => {
  const schema = { title: 'Answer', type: 'object', properties: { a: { type: 'string' } } };
  expect(templateOf(pushed(StructuredPrompt.fromMessagesAndSchema([['human', '{q}']], schema)))?.schema).toEqual(schema);
});

it('names the model that a prompt was pushed with, bound to parameters or not', () => {
  const prompt = ChatPromptTemplate.fromMessages([['human', '{q}']]);
  const model = new ChatOpenAI({ model: 'gpt-4o-mini', apiKey: 'none' });
  const text = [{ role: 'human', parts: [{ type: 'text', text: '{q}' }] }];
  expect(templateOf(pushed(prompt.pipe(model)))).toMatchObject({ messages: text, model: 'gpt-4o-mini' });
  const bound = { lc: 1, type: 'constructor', id: ['langchain_core', 'runnables', 'RunnableBinding'], kwargs: { bound: pushed(model) } };
  const sequence = { lc: 1, type: 'constructor', id: ['x', 'RunnableSequence'], kwargs: { first: pushed(prompt), last: bound } };
  expect(templateOf(sequence)).toMatchObject({ messages: text, model: 'gpt-4o-mini' });
});

it.each([[null], ['text'], [[]], [{}], [{ id: ['x', 'FewShot'], kwargs: { examples: [] } }], [{ id: 'x', kwargs: {} }], [deep(100_000)]])(
  'takes nothing else for a prompt',
  (manifest) => expect(templateOf(manifest)).toBeUndefined(),
);

function deep(levels: number): unknown {
  let value: unknown = {};
  for (let level = 0; level < levels; level++) value = { id: ['RunnableSequence'], kwargs: { first: value } };
  return value;
}
