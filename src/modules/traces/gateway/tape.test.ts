import { expect, it } from 'vitest';
import { KEPT_BYTES, Tape } from './tape.ts';

const piece = (text: string) => ({ bytes: Buffer.from(text), at: 0, isUsage: false });
const readAll = (reader: { next(): { bytes: Buffer } | undefined } | undefined): string => {
  let text = '';
  for (let next = reader?.next(); next !== undefined; next = reader?.next()) text += next.bytes.toString();
  return text;
};

it('gives every reader all of it, whenever it joined', () => {
  const tape = new Tape();
  const first = tape.join(() => undefined);
  tape.write(piece('a'));
  expect(readAll(first)).toBe('a');
  const second = tape.join(() => undefined);
  tape.write(piece('b'));
  expect([readAll(first), readAll(second)]).toEqual(['b', 'ab']);
  tape.end();
  expect([readAll(tape.join(() => undefined)), tape.state]).toEqual(['ab', 'ended']);
});

it('holds the sender back until the fastest reader has caught up', () => {
  const tape = new Tape();
  const slow = tape.join(() => undefined);
  const fast = tape.join(() => undefined);
  const chunk = piece('x'.repeat(700_000));
  expect([tape.write(chunk), tape.write(chunk)]).toEqual([true, false]);
  let goesOn = false;
  tape.slack(() => (goesOn = true));
  expect(goesOn).toBe(false);
  fast?.next();
  expect(goesOn).toBe(true);
  slow?.leave();
  fast?.next();
  expect(tape.write(chunk)).toBe(true);
});

it('tells when the last reader has gone, but not once it has ended', () => {
  const tape = new Tape();
  let abandoned = 0;
  tape.onAbandoned = () => (abandoned += 1);
  const [a, b] = [tape.join(() => undefined), tape.join(() => undefined)];
  a?.leave();
  expect(abandoned).toBe(0);
  b?.leave();
  b?.leave();
  expect(abandoned).toBe(1);
  const ended = new Tape();
  ended.onAbandoned = () => (abandoned += 1);
  const reader = ended.join(() => undefined);
  ended.end();
  reader?.leave();
  expect(abandoned).toBe(1);
});

it('lets go of the beginning of what is too long, and then nobody may join', () => {
  const tape = new Tape();
  const reader = tape.join(() => undefined);
  const chunk = piece('x'.repeat(1_048_576));
  for (let written = 0; written <= KEPT_BYTES; written += 1_048_576) {
    tape.write(chunk);
    reader?.next();
  }
  expect([tape.isWhole, tape.pieces.length, tape.join(() => undefined)]).toEqual([false, 0, undefined]);
});
