import { afterAll, beforeAll, expect, it } from 'vitest';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { createSecrets } from './secrets.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test[Symbol.asyncDispose]());

const OLD = 'the key of last year, long enough';
const NEW = 'the key of this year, long enough';

it('opens what it has sealed, differently every time', async () => {
  const secrets = createSecrets(test.database, [NEW]);
  const [a, b] = await Promise.all([secrets.seal('pässword', 'channel ops'), secrets.seal('pässword', 'channel ops')]);
  expect(a).not.toBe(b);
  expect(a).not.toContain('pässword');
  expect(await secrets.open(a, 'channel ops')).toBe('pässword');
});

it('opens nothing for another, nothing that was changed, and nothing of another key', async () => {
  const secrets = createSecrets(test.database, [NEW]);
  const sealed = await secrets.seal('password', 'channel ops');
  const changed = `${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`;
  await expect(secrets.open(sealed, 'channel other')).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
  await expect(secrets.open(changed, 'channel ops')).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
  await expect(secrets.open('password', 'channel ops')).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
  await expect(createSecrets(test.database, [OLD]).open(sealed, 'channel ops')).rejects.toThrow('a key that is not here');
});

it('seals with the first key and opens with all, those sealed before any was given too', async () => {
  const before = await createSecrets(test.database).seal('first', 'x');
  const old = await createSecrets(test.database, [OLD]).seal('second', 'x');
  const both = createSecrets(test.database, [NEW, OLD]);
  expect(await Promise.all([both.open(before, 'x'), both.open(old, 'x')])).toEqual(['first', 'second']);
  expect(await createSecrets(test.database, [NEW]).open(await both.seal('third', 'x'), 'x')).toBe('third');
});

it('shares the key in the database among all hosts', async () => {
  const hosts = Array.from({ length: 5 }, () => createSecrets(test.database));
  const sealed = await Promise.all(hosts.map((host, n) => host.seal(String(n), 'x')));
  expect(await Promise.all(sealed.map((text) => createSecrets(test.database).open(text, 'x')))).toEqual(['0', '1', '2', '3', '4']);
});
