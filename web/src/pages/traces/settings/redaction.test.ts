import { expect, test } from 'vitest';
import { type Redaction, redactionWords, withNewPattern, withoutPattern, withPattern, withPseudonym, withSwitch } from './redaction.ts';

const all: Redaction = {
  secrets: true,
  environment: true,
  email: true,
  phone: true,
  iban: true,
  card: true,
  attachments: 'keep',
  custom: [],
  pseudonyms: ['email'],
};

test('what is switched off is said as well as what is on', () => {
  expect(redactionWords(all)).toEqual({ on: 'secrets, e-mail, phone, IBAN, cards, the environment of SDKs', off: '' });
  expect(redactionWords({ ...all, attachments: 'drop' }).on).toMatch(/, attachments as a whole$/);
  const some = withPattern(withNewPattern(withSwitch(all, 'phone', false)), 0, { name: 'order' });
  expect(redactionWords(some)).toEqual({ on: 'secrets, e-mail, IBAN, cards, the environment of SDKs, order', off: 'phone' });
});

test('pseudonyms are given and taken once each, and patterns changed in their place', () => {
  expect(withPseudonym(withPseudonym(all, 'iban', true), 'iban', true).pseudonyms).toEqual(['email', 'iban']);
  expect(withPseudonym(all, 'email', false).pseudonyms).toEqual([]);
  const two = withPattern(withPattern(withNewPattern(withNewPattern(all)), 0, { name: 'a' }), 1, { name: 'b', pattern: 'x+' });
  expect(withoutPattern(two, 0).custom).toEqual([{ name: 'b', pattern: 'x+', ignore_case: false }]);
});
