import { expect, it } from 'vitest';
import { particularsOf } from './particulars.ts';

const same = (a: string, b: string): boolean => particularsOf(a) === particularsOf(b);

it.each([
  ['How old are you?', 'What is your age?'],
  ['What is the capital of Italy?', 'Which city is the capital of Italy'],
  ['Tell me Italy’s capital.', "what's the capital of Italy"],
  ['Convert 1,000 metres to feet', 'How many feet are 1000 metres?'],
  ['Name two fruits', 'Give me 2 fruits'],
  ['Why can’t I log in?', 'Why am I not able to log in?'],
  ['The meeting is at 5 pm, is that fine?', 'Is it fine that the meeting is at 5pm?'],
  ['Who finished 1st?', 'Who finished first?'],
])('are the same in %j and %j', (a, b) => expect(same(a, b)).toBe(true));

it.each([
  ['What is 12 times 3?', 'What is 12 times 4?'],
  ['Flights on 3 May', 'Flights on 4 May'],
  ['What happened in March?', 'What happened in April?'],
  ['Is it safe to mix them?', 'Is it not safe to mix them?'],
  ['Which fruits contain sugar?', "Which fruits don't contain sugar?"],
  ['A recipe with nuts', 'A recipe without nuts'],
  ['What is the capital of Norway?', 'What is the capital of Sweden?'],
  ['A train from Paris to Rome', 'A train from Rome to Paris'],
  ['What does NASA do?', 'What does ESA do?'],
  ['How do I enable logging?', 'How do I disable logging?'],
  ['Pros of remote work', 'Cons of remote work'],
  ['What costs $5?', 'What costs €5?'],
  ['Explain io.Reader', 'Explain io.Writer'],
  ['Welche Früchte enthalten Zucker?', 'Welche Früchte enthalten keinen Zucker?'],
  ['Est-ce que c’est sûr ?', 'Est-ce que ce n’est pas sûr ?'],
])('are others in %j and %j', (a, b) => expect(same(a, b)).toBe(false));

it('are found in any text', () => {
  for (const text of ['', '   ', '…', '日本の首都は?', 'a'.repeat(8_000), '1'.repeat(8_000), '"'.repeat(8_000)])
    expect(particularsOf(text)).toBe(particularsOf(text));
});
