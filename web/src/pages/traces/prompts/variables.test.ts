import { expect, it } from 'vitest';
import { stretchesOf, templateText } from './variables.ts';

const variables = (text: string, format = 'f-string'): readonly string[] =>
  stretchesOf(text, format).flatMap(({ isVariable, text: place }) => (isVariable ? [place] : []));

it.each([
  ['Say {word} to {who}!', ['{word}', '{who}']],
  ['JSON like {{"a": {a}}}', ['{a}']],
  ['{{not}} a variable', []],
  ['{{{word}}} in braces', ['{word}']],
  ['no variables, } and {', []],
  ['', []],
])('finds the variables of %s', (text, expected) => {
  expect(variables(text)).toEqual(expected);
  expect(
    stretchesOf(text, 'f-string')
      .map((each) => each.text)
      .join(''),
  ).toBe(text);
});

it('finds variables, sections and their ends in mustache', () => {
  expect(variables('{{#all}}{{ name }} {single}{{{raw}}}{{/all}}', 'mustache')).toEqual([
    '{{#all}}',
    '{{ name }}',
    '{{{raw}}}',
    '{{/all}}',
  ]);
});

it('writes a template as text', () => {
  expect(
    templateText({
      format: 'f-string',
      variables: [],
      messages: [
        { role: 'system', parts: [{ type: 'text', text: 'Be brief' }] },
        { role: 'placeholder', variable: 'history', parts: [] },
      ],
      schema: null,
      model: 'gpt-4o',
    }),
  ).toBe('[system]\nBe brief\n\n[messages of history]\n\n[model]\ngpt-4o');
});
