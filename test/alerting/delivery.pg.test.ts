import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { until } from '../support/until.ts';
import { message, testDelivery, type TestDelivery } from './support/delivery.ts';
import { answering, isSigned, Receiver } from './support/receiver.ts';

let delivery: TestDelivery;
let receiver: Receiver;

beforeEach(async () => {
  receiver = await new Receiver().start();
  delivery = await testDelivery();
});
afterEach(async () => {
  await receiver.stop();
  await delivery[Symbol.asyncDispose]();
});

const delivered = (count: number, withinMs = 30_000): Promise<void> =>
  until(`${count} messages are delivered`, async () => ((await delivery.states())['delivered'] ?? 0) >= count, withinMs);

const ledger = async (id: string): Promise<readonly { outcome: string | null; status: number | null }[]> =>
  (
    await delivery.fleet.database.query<{ outcome: string | null; status: number | null }>(
      sql`select outcome, status from muster.notification_attempts where notification_id = ${id} order by attempt`,
    )
  ).rows;

describe('a webhook', () => {
  it('gets a message soon after it was written, signed as Standard Webhooks asks', async () => {
    await delivery.channel('ops', 'webhook', { url: receiver.url, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' });
    await delivery.host();
    await delivery.fleet.untilAgent('alert_delivery', 'runs', ({ status, runCount }) => status === 'running' && runCount > 0);
    const began = performance.now();
    const [id = ''] = await delivery.send(message());
    await until('it arrives', () => receiver.received.length > 0);
    const [got] = receiver.received;
    if (got === undefined) throw new Error('nothing came');
    expect(got.id).toBe(id);
    expect(isSigned(got, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')).toBe(true);
    expect(isSigned(got, 'whsec_AAAA')).toBe(false);
    expect(got.body).toMatchObject({
      type: 'firing',
      data: { id, kind: 'firing', level: 'critical', title: 'CPU above 90% on web-1', earlier: [] },
    });
    await delivered(1);
    expect(await ledger(id)).toEqual([{ outcome: 'delivered', status: 200 }]);
    expect(got.at - began).toBeLessThan(10_000);
  });

  it.each([429, 404, 500, 503])('that answers %d once gets the message again soon, with the same id', async (status) => {
    await delivery.channel('ops', 'webhook', { url: receiver.url });
    receiver.first = [answering(status)];
    await delivery.host();
    const [id = ''] = await delivery.send(message());
    await delivered(1);
    expect(receiver.received.map((each) => each.id)).toEqual([id, id]);
    const [first, second] = receiver.received;
    expect((second?.at ?? Infinity) - (first?.at ?? 0)).toBeLessThan(15_000);
    expect(await ledger(id)).toEqual([
      { outcome: 'retry', status },
      { outcome: 'delivered', status: 200 },
    ]);
  });

  it('is not called before the time in its Retry-After, and soon after it', async () => {
    await delivery.channel('ops', 'webhook', { url: receiver.url });
    receiver.first = [answering(429, { 'retry-after': '3' })];
    await delivery.host();
    await delivery.send(message());
    const isHeld = async (): Promise<boolean> =>
      (await delivery.fleet.database.one(sql`select from muster.channels where breaker = 'open'`)) !== undefined;
    await until('the channel is held', isHeld);
    // Nothing else goes there meanwhile either.
    await delivery.send(message());
    await delivered(2);
    const [first, second] = receiver.received;
    const waited = (second?.at ?? 0) - (first?.at ?? 0);
    expect(waited).toBeGreaterThanOrEqual(3_000);
    expect(waited).toBeLessThan(13_000);
  });

  it('that hangs, redirects or answers without end holds up no other channel', async () => {
    await using slow = await new Receiver().start();
    slow.always = () => undefined;
    await using endless = await new Receiver().start();
    endless.always = (_, response) => {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    };
    await using elsewhere = await new Receiver().start();
    elsewhere.always = answering(302, { location: receiver.url });
    await delivery.channel('slow', 'webhook', { url: slow.url });
    await delivery.channel('endless', 'webhook', { url: endless.url });
    await delivery.channel('elsewhere', 'webhook', { url: elsewhere.url });
    await delivery.channel('ops', 'webhook', { url: receiver.url });
    await delivery.host();
    const others = Array.from({ length: 20 }, () => ['slow', 'elsewhere'].map((channel) => message({ channel }))).flat();
    await delivery.send(...others, message({ channel: 'endless' }), ...Array.from({ length: 20 }, () => message()));
    // 20, and the one whose status came before its end did not.
    await delivered(21, 10_000);
    expect(receiver.received).toHaveLength(20);
    expect(receiver.received.every(({ headers }) => headers['webhook-id'] !== undefined)).toBe(true);
  });
});

describe('messages about one alert', () => {
  it('arrive in order, each on its own, while the channel works', async () => {
    await delivery.channel('ops', 'webhook', { url: receiver.url });
    const alertId = randomUUID();
    await delivery.send(
      message({ alertId, seq: 2, kind: 'resolved' }),
      message({ alertId, seq: 1 }),
      message({ alertId, seq: 1, step: 1, kind: 'escalated' }),
    );
    await delivery.host();
    await delivered(3);
    expect(receiver.received.map(({ body }) => body.data.kind)).toEqual(['firing', 'escalated', 'resolved']);
  });

  it('that could not be brought arrive as one, under the id of the newest, which tells the others', async () => {
    await delivery.channel('ops', 'webhook', { url: receiver.url });
    await receiver.stop();
    await delivery.host();
    const alertId = randomUUID();
    const [firing = ''] = await delivery.send(message({ alertId }));
    await until('it was tried', async () => (await ledger(firing)).length > 0);
    const [resolved = ''] = await delivery.send(message({ alertId, seq: 2, kind: 'resolved' }));
    // To its end: an attempt that is under way when somebody listens again would bring the first message alone.
    await until('it was tried again', async () => (await ledger(firing)).filter(({ outcome }) => outcome !== null).length > 1);
    await receiver.start();
    await delivered(2);
    expect(receiver.accepted).toEqual([resolved]);
    expect(receiver.received.at(-1)?.body.data).toMatchObject({
      id: resolved,
      kind: 'resolved',
      earlier: [{ id: firing, kind: 'firing' }],
    });
    const told = await delivery.fleet.database.one(sql`select delivered_with from muster.notifications where notification_id = ${firing}`);
    expect(told).toEqual({ delivered_with: resolved });
  });
});

describe('a channel that does not work', () => {
  it('is tried by one message at a time, and brings all of them soon after it works again', async () => {
    await delivery.channel('ops', 'webhook', { url: receiver.url });
    receiver.always = answering(500);
    await delivery.host();
    await delivery.send(...Array.from({ length: 50 }, () => message({ level: 'info' })));
    const failures = async (): Promise<number> =>
      (await delivery.fleet.database.one<{ failures: number }>(sql`select failures from muster.channels where breaker = 'open'`))
        ?.failures ?? 0;
    // With the breaker open: probes, some seconds apart.
    await until('the breaker is open', async () => (await failures()) >= 9, 40_000);
    const before = receiver.received.length;
    await until('it was probed', () => receiver.received.length > before, 20_000);
    expect(receiver.received.length).toBeLessThan(30);
    receiver.always = answering(200);
    const worksAgain = performance.now();
    await delivered(50);
    expect(performance.now() - worksAgain).toBeLessThan(15_000);
    expect(new Set(receiver.accepted).size).toBe(50);
    expect(receiver.accepted).toHaveLength(50);
    expect(await delivery.fleet.database.one(sql`select breaker, failures, failing_since from muster.channels`)).toEqual({
      breaker: 'closed',
      failures: 0,
      failing_since: null,
    });
  });

  it('is told to the others at once when somebody has to mend it, once, and nothing is lost', async () => {
    await using broken = await new Receiver().start();
    broken.always = answering(401, {}, 'invalid token');
    await delivery.channel('broken', 'webhook', { url: broken.url });
    await delivery.channel('ops', 'webhook', { url: receiver.url });
    await delivery.host();
    await delivery.send(message({ channel: 'broken' }), message({ channel: 'broken' }));
    await until('the other channel hears', () => receiver.received.length > 0);
    expect(receiver.received[0]?.body).toMatchObject({
      type: 'muster.channel',
      data: { title: 'Channel "broken" does not work', text: expect.stringContaining('401: invalid token') },
    });
    broken.always = answering(200);
    await until('both arrive', () => new Set(broken.accepted).size === 2, 60_000);
    await until('the other channel hears that too', () => receiver.received.length > 1);
    expect(receiver.received.map(({ body }) => body.data.title)).toEqual([
      'Channel "broken" does not work',
      'Channel "broken" works again',
    ]);
    const told = async (): Promise<readonly string[]> =>
      (await delivery.fleet.eventsOf('alert_delivery')).filter((type) => type.startsWith('channel:'));
    await until('events tell it', async () => (await told()).length === 2);
    expect(await told()).toEqual(['channel:failing', 'channel:recovered']);
  });
});

describe('hosts', () => {
  it('that lose their lease in the middle of an attempt cannot say that it was delivered; the next one brings it under the same id', async () => {
    await delivery.channel('ops', 'webhook', { url: receiver.url });
    let release: () => void = () => undefined;
    receiver.first = [
      (_, response) => {
        release = () => void response.writeHead(200).end();
      },
    ];
    const { alertDelivery } = await import('../../src/modules/alerting/delivery/agent.ts');
    const { loopback } = await import('./support/delivery.ts');
    const cutOff = await delivery.fleet.severable([alertDelivery], { outbound: loopback, wake: delivery.wake });
    await delivery.fleet.untilAgent('alert_delivery', 'runs', ({ status }) => status === 'running');
    const [id = ''] = await delivery.send(message());
    await until('it is under way', () => receiver.received.length === 1);
    cutOff.cut();
    const second = await delivery.host();
    await delivered(1);
    const held = await delivery.fleet.get('alert_delivery');
    expect(held.hostId).toBe(second.hostId);
    cutOff.mend();
    release();
    await cutOff.host.stop();
    expect(receiver.received.map((each) => each.id)).toEqual([id, id]);
    expect(await ledger(id)).toEqual([
      { outcome: null, status: null },
      { outcome: 'delivered', status: 200 },
    ]);
  });
});
