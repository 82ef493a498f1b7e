import type { Sample } from './sample.ts';

const PROSE =
  'The committee met on Monday and agreed on three points. First, the budget for next year will be kept at its present level. Second, the new library opens in May.';
const JSON_OBJECT = { type: 'json_object' };
const PERSON = {
  type: 'json_schema',
  json_schema: {
    name: 'person',
    strict: true,
    schema: {
      type: 'object',
      properties: {
        name: { type: 'string' },
        age: { type: 'integer' },
        tags: { type: 'array', items: { $ref: '#/$defs/tag' } },
        mood: { enum: ['good', 'bad'] },
      },
      required: ['name', 'age'],
      additionalProperties: false,
      $defs: { tag: { type: 'string' } },
    },
  },
};

/** Nothing, half a thing, and what should have been JSON; among them whole answers of unusual forms. */
export const FORM_SAMPLES: readonly Sample[] = [
  { question: 'Say something', answer: '', bad: ['not_empty'] },
  { question: 'Say something', answer: '  \n\n ', bad: ['not_empty'] },
  { question: 'Say something', answer: 'null', bad: ['not_empty'] },
  { question: 'Say something', answer: '[object Object]', bad: ['not_empty'] },
  { question: 'Say something', answer: '...', bad: ['not_empty'] },
  { question: 'Say something', answer: 'N/A', bad: ['not_empty'] },
  { question: 'Say something', answer: '""', bad: ['not_empty'] },
  { question: '2 + 2?', answer: '4' },
  { question: 'Yes or no?', answer: 'No' },
  { question: 'React', answer: '👍' },
  { question: '是吗？', answer: '是' },
  { question: 'Look it up', answer: '', tools: [{ name: 'search', arguments: '{"q":"x"}' }] },

  { question: 'Minutes?', answer: PROSE, finish: 'length', bad: ['complete'] },
  { question: 'Minutes?', answer: `${PROSE} Third, the`, bad: ['complete'] },
  { question: 'Minutes?', answer: `${PROSE} Third, parking will be paid for by those who`, bad: ['complete'] },
  { question: 'Minutes?', answer: `${PROSE} Third, parking, which`, bad: ['complete'] },
  { question: 'Code?', answer: 'Here is the function you asked for:\n\n```python\ndef add(a, b):\n    return a +', bad: ['complete'] },
  {
    question: 'Was wurde beschlossen?',
    answer: 'Der Ausschuss hat am Montag drei Punkte beschlossen. Der Haushalt bleibt gleich. Die Bibliothek öffnet im Mai, und die',
    bad: ['complete'],
  },
  {
    question: 'Qu’a-t-on décidé ?',
    answer: 'Le comité a décidé trois choses lundi dernier. Le budget reste le même. La bibliothèque ouvrira en mai, parce que',
    bad: ['complete'],
  },
  {
    question: '会议决定了什么？',
    answer: '委员会在周一开会并达成了三点一致意见。预算保持不变。新图书馆将于五月开放，'.repeat(3),
    bad: ['complete', 'not_repetitive'],
  },
  {
    question: 'Что решили?',
    answer: 'Комитет собрался в понедельник и решил три вопроса. Бюджет остаётся прежним. Новая библиотека откроется в мае, потому что',
    bad: ['complete'],
  },
  { question: 'Minutes?', answer: PROSE },
  { question: 'Minutes?', answer: `${PROSE}\n\n- budget\n- library\n- parking` },
  { question: 'Minutes?', answer: `${PROSE}\n\n| point | result |\n|---|---|\n| budget | kept |` },
  { question: 'Code?', answer: `${PROSE}\n\n\`\`\`js\nconst a = 1\n\`\`\`` },
  { question: 'Where?', answer: `${PROSE} You find the minutes at https://example.org/minutes/2026` },
  {
    question: 'A poem',
    answer:
      'The wind goes by\nand asks me why\nI never learnt\nto say goodbye\n\nThe river bends\nwhere summer ends\nand all the leaves\nhave been my friends',
  },
  { question: '决定了什么？', answer: '委员会在周一开会，并就三点达成一致：预算保持不变，新图书馆将于五月开放，停车将由使用者付费。' },
  { question: 'Sign it', answer: `${PROSE}\n\nKind regards,\nMaria Lopez`, finish: 'stop' },
  { question: 'Short', answer: 'The capital of France is Paris' },

  { question: 'Person?', answer: '{"name":"Ann","age":31}', format: PERSON },
  { question: 'Person?', answer: '{"name":"Ann","age":31,"tags":["a"],"mood":"good"}', format: PERSON },
  { question: 'Person?', answer: '{"name":"Ann"}', format: PERSON, bad: ['valid_json'] },
  { question: 'Person?', answer: '{"name":"Ann","age":"31"}', format: PERSON, bad: ['valid_json'] },
  { question: 'Person?', answer: '{"name":"Ann","age":31.5}', format: PERSON, bad: ['valid_json'] },
  { question: 'Person?', answer: '{"name":"Ann","age":31,"tags":[1]}', format: PERSON, bad: ['valid_json'] },
  { question: 'Person?', answer: '{"name":"Ann","age":31,"mood":"so so"}', format: PERSON, bad: ['valid_json'] },
  { question: 'Person?', answer: '{"name":"Ann","age":31,"more":1}', format: PERSON, bad: ['valid_json'] },
  { question: 'Object?', answer: '{"a":1', format: JSON_OBJECT, bad: ['valid_json'] },
  { question: 'Object?', answer: "{'a':1}", format: JSON_OBJECT, bad: ['valid_json'] },
  { question: 'Object?', answer: 'Here you are: {"a":1}', format: JSON_OBJECT, bad: ['valid_json'] },
  { question: 'Object?', answer: '```json\n{"a":1}\n```', format: JSON_OBJECT, bad: ['valid_json'] },
  { question: 'Object?', answer: '{"a":1,}', format: JSON_OBJECT, bad: ['valid_json'] },
  { question: 'Object?', answer: ' {"a": [1, 2, {"b": null}]}\n', format: JSON_OBJECT },
  { question: 'Object?', answer: 'The colour is red.', system: 'Respond only with valid JSON.', bad: ['valid_json'] },
  { question: 'Object?', answer: '{"colour":"red"}', system: 'Respond only with valid JSON.' },
  { question: 'What is JSON?', answer: 'JSON is a text format for data. It was derived from JavaScript.' },
  { question: 'Call', answer: '', tools: [{ name: 'search', arguments: '{"q":"x' }], bad: ['valid_json'] },
  { question: 'Call', answer: 'Searching.', tools: [{ name: 'search', arguments: '{}' }] },

  { question: 'Go on', answer: 'and so on and so on and so on and so on and so on and so on and so on and so on', bad: ['not_repetitive'] },
  { question: 'Explain', answer: `${PROSE} ${'The parking will be paid. '.repeat(20)}`, bad: ['not_repetitive'] },
  {
    question: 'Explain',
    answer: 'I think that this is a good idea. I believe it will work out. '.repeat(12),
    bad: ['not_repetitive'],
  },
  { question: 'Erkläre es', answer: `Das ist so. ${'Es kommt darauf an, wie man es sieht. '.repeat(15)}`, bad: ['not_repetitive'] },
  {
    question: 'List',
    answer: Array.from({ length: 20 }, (_, i) => `${i + 1}. Consider the needs of your customers`).join('\n'),
    bad: ['not_repetitive'],
  },
  { question: '説明して', answer: 'これはとても良い考えだと思います。'.repeat(10), bad: ['not_repetitive'] },
  { question: 'Go', answer: `The answer is ${'ha '.repeat(80)}`, bad: ['not_repetitive'] },
  {
    question: 'List',
    answer: Array.from(
      { length: 12 },
      (_, i) =>
        `${i + 1}. ${['Ask', 'Read', 'Walk', 'Swim', 'Cook', 'Sing', 'Draw', 'Write', 'Rest', 'Play', 'Help', 'Learn'][i]} a little every day, and note it down`,
    ).join('\n'),
  },
  { question: 'Table', answer: `| a | b |\n|---|---|\n${Array.from({ length: 12 }, (_, i) => `| row ${i} | yes |`).join('\n')}` },
  {
    question: 'Refrain',
    answer: 'Row, row, row your boat, gently down the stream. Merrily, merrily, merrily, merrily, life is but a dream.',
  },
  {
    question: 'Loop',
    answer: `Here:\n\n\`\`\`c\n${'x = x + 1;\n'.repeat(12)}\`\`\`\nThat is all of it, unrolled twelve times as you asked for it to be.`,
  },
  { question: 'Laugh', answer: 'Ha ha ha! That is a good one, I must say.' },
];
