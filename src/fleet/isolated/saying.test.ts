import { expect, test } from 'vitest';
import { settled } from '../../agent/virtual-clock.ts';
import type { Said } from './protocol.ts';
import { Saying } from './saying.ts';

function saying() {
  const sent: Said[] = [];
  const side = new Saying((said) => void sent.push(said));
  return { side, sent };
}

test('what is said together goes together, and no batch before the one before it was heard', async () => {
  const { side, sent } = saying();
  side.metric('a', 1, undefined, 5);
  side.event('a:said', { n: 1 }, 0);
  await settled();
  expect(sent).toMatchObject([{ samples: [{ name: 'a', value: 1, at: 5 }], events: [{ type: 'a:said', data: '{"n":1}' }] }]);
  side.metric('a', 2, undefined, 6);
  await settled();
  expect(sent).toHaveLength(1);
  side.heard();
  expect(sent[1]?.samples).toMatchObject([{ value: 2 }]);
});

test('a line of the log goes at once: it may be the last', () => {
  const { side, sent } = saying();
  side
    .logger('a-run')
    .child({ part: 'x' })
    .warn({ err: new Error('broken'), n: 1 }, 'look');
  expect(sent[0]?.lines).toMatchObject([
    { level: 'warn', message: 'look', fields: '{"part":"x","n":1}', runId: 'a-run', error: { message: 'broken' } },
  ]);
});

test('a flood is cut where it is made: the newest samples and events stay, and what was dropped is counted', async () => {
  const { side, sent } = saying();
  for (let n = 0; n < 100_000; n += 1) side.metric('flood', n, undefined, n);
  side.metric('flood', Number.NaN, undefined, 0);
  for (let n = 0; n < 3_000; n += 1) side.event('flood:ran', { n }, 0);
  for (let n = 0; n < 3_000; n += 1) side.logger().info(`line ${n}`);
  await settled();
  for (let n = 0; n < 50; n += 1) side.heard();
  const sum = (of: (said: Said) => number): number => sent.reduce((total, said) => total + of(said), 0);
  expect(sum((said) => said.samples.length)).toBe(20_000);
  expect(sum((said) => said.dropped.samples)).toBe(80_000);
  expect(sum((said) => said.dropped.refused)).toBe(1);
  expect(sum((said) => said.events.length) + sum((said) => said.dropped.events)).toBe(3_000);
  expect(sum((said) => said.lines.length) + sum((said) => said.dropped.lines)).toBe(3_000);
  expect(sent.flatMap((said) => said.samples).at(-1)?.value).toBe(99_999);
  expect(Math.max(...sent.map((said) => said.samples.length))).toBeLessThanOrEqual(5_000);
});

test('what is no JSON is sent as such, and counted over there', async () => {
  const { side, sent } = saying();
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  side.event('a:said', cyclic, 0);
  side.event('b:said', { big: 4n }, 0);
  side.event('c:said', { text: 'x'.repeat(20_000) }, 0);
  side.logger().info(cyclic, 'look');
  await settled();
  side.heard();
  expect(sent.flatMap((said) => said.events).map(({ data }) => data)).toEqual([null, null, null]);
  expect(sent.flatMap((said) => said.lines)[0]).toMatchObject({ message: 'look', fields: '{"fields":"not JSON, or too large"}' });
});

test('the end waits until all of it was heard', async () => {
  const { side, sent } = saying();
  side.logger().info('one');
  side.metric('a', 1, undefined, 5);
  let told = false;
  void side.told().then(() => (told = true));
  side.heard();
  await settled();
  expect([told, sent.length]).toEqual([false, 2]);
  side.heard();
  await settled();
  expect(told).toBe(true);
});
