import { expect, test } from 'vitest';
import { channelKinds, pairsOf, settingsOf } from './kinds.ts';

test('what was typed goes as the API wants it, and what is empty is left out', () => {
  const mail = channelKinds.find(({ type }) => type === 'smtp');
  const typed: Readonly<Record<string, string>> = {
    host: ' mail.example.com ',
    port: '465',
    to: 'a@example.com, b@example.com',
    username: '',
  };
  expect(mail && settingsOf(mail, (name) => typed[name] ?? '')).toEqual({
    host: 'mail.example.com',
    port: 465,
    to: ['a@example.com', 'b@example.com'],
  });
});

test('headers and variables are read a line each', () => {
  expect(pairsOf('x-team: web\nTOKEN=a:b\n')).toEqual({ 'x-team': 'web', TOKEN: 'a:b' });
});
