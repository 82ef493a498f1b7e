import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CHANNEL_TYPES, channelType } from '../../src/modules/alerting/delivery/channels/index.ts';
import type { Message } from '../../src/modules/alerting/delivery/message.ts';
import type { AlertSummary } from '../../src/modules/alerting/delivery/notification.ts';
import { outcomeOfError, type Outcome } from '../../src/modules/alerting/delivery/outcome.ts';
import { createOutbound } from '../../src/outbound/index.ts';
import { MailServer } from './support/mail-server.ts';
import { answering, isSigned, Receiver } from './support/receiver.ts';

const outbound = createOutbound({ allowedNetworks: ['127.0.0.0/8'], allowCommands: true });
const at = Date.parse('2026-01-31T12:00:00Z');

const alert: AlertSummary = {
  id: '7f9c0d6e-3d0c-4a5b-8f0e-1a2b3c4d5e6f',
  dedup_key: 'cpu_high:host=web-1',
  rule: 'cpu_high',
  target: 'host=web-1',
  labels: { host: 'web-1' },
  state: 'firing',
  level: 'critical',
  value: 0.93,
  threshold: 0.9,
  started_at: '2026-01-31T11:55:00.000Z',
  detected_at: '2026-01-31T12:00:00.000Z',
  resolved_at: null,
};

const firing: Message = {
  id: '0b9d7f3e-52f7-4c2e-9a39-5f0f5b7c1a11',
  kind: 'firing',
  level: 'critical',
  document: {
    title: 'CPU above 90% on <web-1>',
    text: 'It has been so for 5 minutes & more.\nLook at the runbook. @everyone',
    url: 'https://muster.example.com/alerts/1',
    alert,
  },
  alertId: '7f9c0d6e-3d0c-4a5b-8f0e-1a2b3c4d5e6f',
  incidentId: null,
  seq: 1,
  step: 0,
  createdAt: at,
  sentAt: at,
  attempt: 1,
  earlier: [],
};
const resolved: Message = { ...firing, kind: 'resolved', seq: 2, sentAt: at + 720_000, earlier: [firing] };
const test: Message = { ...firing, kind: 'test', level: 'info', alertId: null, document: { title: 'a test', text: 'Nothing is wrong.' } };

async function send(
  type: string,
  settings: Readonly<Record<string, unknown>>,
  message: Message,
  signal = new AbortController().signal,
): Promise<Outcome> {
  const kind = channelType(type);
  if (kind === undefined) throw new Error(`there is no type ${type}`);
  try {
    return await kind.send({ message, settings: kind.settings.parse(settings) as never, outbound, signal });
  } catch (error) {
    return outcomeOfError(error);
  }
}

let receiver: Receiver;
beforeEach(async () => {
  receiver = await new Receiver().start();
});
afterEach(() => receiver.stop());

const bodies = () => receiver.received.map(({ body }) => body);

describe('webhook', () => {
  it('hands on the whole event, signed; any text may be the secret', async () => {
    expect(await send('webhook', { url: receiver.url, secret: 'not base64', headers: { 'x-team': 'ops' } }, resolved)).toEqual({
      kind: 'delivered',
      status: 200,
    });
    const [got] = receiver.received;
    expect(got !== undefined && isSigned(got, 'not base64')).toBe(true);
    expect(got?.headers).toMatchObject({ 'content-type': 'application/json', 'x-team': 'ops', 'webhook-id': firing.id });
    expect(got?.body).toMatchObject({
      type: 'alert.resolved',
      timestamp: '2026-01-31T12:00:00.000Z',
      data: {
        alert: { dedup_key: 'cpu_high:host=web-1', value: 0.93 },
        delayed_seconds: 720,
        earlier: [{ id: firing.id, kind: 'firing', title: 'CPU above 90% on <web-1>' }],
      },
    });
  });
});

it('trusts no certificate that nobody vouches for', async () => {
  const file = (name: string): Buffer => readFileSync(new URL(`../support/tls/${name}`, import.meta.url));
  let asked = 0;
  const server = createServer({ cert: file('server.pem'), key: file('server-key.pem') }, (_, response) => {
    asked += 1;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    expect(await send('webhook', { url, secret: 's' }, firing)).toMatchObject({
      kind: 'retry',
      reason: expect.stringContaining('certificate') as string,
    });
    expect(asked).toBe(0);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

describe('slack', () => {
  it('sends blocks in which nothing of the alert is markup', async () => {
    await send('slack', { url: receiver.url }, firing);
    const [body] = bodies();
    expect(body.text).toBe('🔴 CRITICAL: CPU above 90% on &lt;web-1&gt;');
    expect(body.blocks[0]).toEqual({ type: 'header', text: { type: 'plain_text', text: '🔴 CRITICAL: CPU above 90% on <web-1>' } });
    expect(body.blocks[1].text.text).toBe('It has been so for 5 minutes &amp; more.\nLook at the runbook. @everyone');
    expect(body.blocks[2].text.text).toBe('<https://muster.example.com/alerts/1|Open in Muster>');
  });

  it('says that it is late, and what came before', async () => {
    await send('slack', { url: receiver.url }, resolved);
    const lines = (bodies()[0].blocks[1].text.text as string).split('\n');
    expect(lines).toContain('Delayed by 12m.');
    expect(lines.at(-1)).toBe('Before that: CPU above 90% on &lt;web-1&gt; (firing, 2026-01-31 12:00 UTC).');
  });
});

describe('discord', () => {
  it('sends an embed that calls nobody', async () => {
    await send('discord', { url: receiver.url }, firing);
    expect(bodies()[0]).toMatchObject({
      embeds: [{ title: '🔴 CRITICAL: CPU above 90% on <web-1>', color: 0xdc2626, url: 'https://muster.example.com/alerts/1' }],
      allowed_mentions: { parse: [] },
    });
  });

  it('waits as long as it is asked to', async () => {
    receiver.first = [
      answering(429, { 'retry-after': '1.5' }, '{"message":"You are being rate limited.","retry_after":1.5,"global":false}'),
    ];
    expect(await send('discord', { url: receiver.url }, firing)).toMatchObject({ kind: 'retry', status: 429, retryAfterMs: 1_500 });
  });
});

describe('telegram', () => {
  it('sends plain text to a chat, and does not sound for what only informs', async () => {
    const settings = { token: '12345:AAAA_bbbb-cccc', chat_id: -100, api_url: receiver.origin };
    await send('telegram', settings, firing);
    await send('telegram', settings, test);
    expect(receiver.received[0]?.path).toBe('/bot12345:AAAA_bbbb-cccc/sendMessage');
    expect(bodies()[0]).toMatchObject({
      chat_id: -100,
      disable_notification: false,
      text: expect.stringMatching(/^🔴 CRITICAL: CPU above 90% on <web-1>\n\nIt has/),
    });
    expect(bodies()[0]).not.toHaveProperty('parse_mode');
    expect(bodies()[1].disable_notification).toBe(true);
  });

  it('waits as long as the answer says, with or without a header, and is broken where there is no such chat', async () => {
    const settings = { token: '12345:AAAA_bbbb-cccc', chat_id: 1, api_url: receiver.origin };
    receiver.first = [
      answering(429, {}, '{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 35","parameters":{"retry_after":35}}'),
      answering(400, {}, '{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}'),
      answering(400, {}, '{"ok":false,"error_code":400,"description":"Bad Request: message text is empty"}'),
    ];
    expect(await send('telegram', settings, firing)).toMatchObject({ kind: 'retry', retryAfterMs: 35_000 });
    expect(await send('telegram', settings, firing)).toMatchObject({ kind: 'broken', status: 400 });
    expect(await send('telegram', settings, firing)).toMatchObject({ kind: 'refused', status: 400 });
  });

  it('is broken where the bot was thrown out', async () => {
    receiver.always = answering(403, {}, '{"ok":false,"error_code":403,"description":"Forbidden: bot was kicked from the group chat"}');
    const outcome = await send('telegram', { token: '12345:AAAA_bbbb-cccc', chat_id: 1, api_url: receiver.origin }, firing);
    expect(outcome).toMatchObject({ kind: 'broken', reason: expect.stringContaining('bot was kicked') });
  });
});

describe('teams', () => {
  it('sends an Adaptive Card', async () => {
    receiver.always = answering(202);
    expect((await send('teams', { url: receiver.url }, firing)).kind).toBe('delivered');
    expect(bodies()[0]).toMatchObject({
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          content: { type: 'AdaptiveCard', body: [{ color: 'Attention', text: '🔴 CRITICAL: CPU above 90% on <web-1>' }, {}, {}, {}] },
        },
      ],
    });
  });
});

describe('ntfy', () => {
  it('publishes to a topic, as urgent as the alert', async () => {
    await send('ntfy', { url: receiver.origin, topic: 'alerts', token: 'tk_1' }, firing);
    await send('ntfy', { url: receiver.origin, topic: 'alerts' }, resolved);
    expect(receiver.received[0]?.headers.authorization).toBe('Bearer tk_1');
    expect(bodies().map(({ priority, topic }) => [topic, priority])).toEqual([
      ['alerts', 4],
      ['alerts', 2],
    ]);
  });
});

describe('pagerduty', () => {
  it('opens and closes one incident by the key of the alert', async () => {
    receiver.always = answering(202);
    const settings = { routing_key: 'R', api_url: receiver.origin };
    await send('pagerduty', settings, firing);
    await send('pagerduty', settings, {
      ...firing,
      kind: 'reminder',
      document: { ...firing.document, alert: { ...alert, acknowledged_by: 'ann' } },
    });
    await send('pagerduty', settings, resolved);
    expect(bodies().map(({ dedup_key: key, event_action: action }) => [key, action])).toEqual([
      ['cpu_high:host=web-1', 'trigger'],
      ['cpu_high:host=web-1', 'acknowledge'],
      ['cpu_high:host=web-1', 'resolve'],
    ]);
    expect(bodies()[0]).toMatchObject({
      routing_key: 'R',
      payload: { severity: 'error', source: 'host=web-1', summary: 'CPU above 90% on <web-1>' },
    });
  });

  it('is broken where it does not know the key', async () => {
    receiver.always = answering(400, {}, '{"status":"invalid event","message":"Event object is invalid","errors":["Invalid routing key"]}');
    expect(await send('pagerduty', { routing_key: 'R', api_url: receiver.origin }, firing)).toMatchObject({ kind: 'broken', status: 400 });
  });

  it('leaves nothing open after a test', async () => {
    receiver.always = answering(202);
    await send('pagerduty', { routing_key: 'R', api_url: receiver.origin }, test);
    expect(bodies().map(({ event_action: action }) => action)).toEqual(['trigger', 'resolve']);
  });
});

describe('smtp', () => {
  const settings = (port: number) => ({
    host: '127.0.0.1',
    port,
    tls: 'none',
    from: 'Muster <muster@example.com>',
    to: ['a@example.com', 'b@example.com'],
  });

  it('sends a mail whose Message-ID is the same in every attempt, in one conversation an alert', async () => {
    await using mail = await new MailServer().start();
    mail.first = ['451 4.3.0 Try again later'];
    expect(await send('smtp', settings(mail.port), firing)).toMatchObject({ kind: 'retry', status: 451 });
    expect(await send('smtp', settings(mail.port), { ...firing, attempt: 2 })).toEqual({ kind: 'delivered' });
    expect(mail.mails).toHaveLength(2);
    for (const text of mail.mails) {
      expect(text).toContain(`Message-ID: <${firing.id}@muster>`);
      expect(text).toContain(`References: <${firing.alertId}@muster>`);
      expect(text).toContain('To: a@example.com, b@example.com');
      expect(text).toContain('Look at the runbook.');
    }
  });

  it('tells a refused mail from a refused login', async () => {
    await using mail = await new MailServer().start();
    mail.first = ['554 5.7.1 Spam'];
    expect(await send('smtp', settings(mail.port), firing)).toMatchObject({ kind: 'refused', status: 554 });
    mail.login = '535 5.7.8 Bad credentials';
    const login = { ...settings(mail.port), username: 'u', password: 'p' };
    expect(await send('smtp', login, firing)).toMatchObject({ kind: 'broken', status: 535 });
  });

  it('does not send in clear to a server that ought to encrypt, nor call one that may not be called', async () => {
    await using mail = await new MailServer().start();
    expect(await send('smtp', { ...settings(mail.port), tls: 'starttls' }, firing)).toMatchObject({ kind: 'retry' });
    expect(await send('smtp', { ...settings(mail.port), host: '10.0.0.1' }, firing)).toMatchObject({ kind: 'broken' });
    expect(mail.mails).toEqual([]);
  });
});

describe('command', () => {
  it('gets the event on standard input and its facts as variables', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'muster-command-'));
    try {
      const file = join(folder, 'out');
      const command = `cat > ${file}; printf '%s %s %s' "$MUSTER_KIND" "$MUSTER_LEVEL" "$TEAM" >> ${file}`;
      expect(await send('command', { command, environment: { TEAM: 'ops' } }, firing)).toEqual({ kind: 'delivered' });
      const text = await readFile(file, 'utf8');
      expect(text.endsWith('firing critical ops')).toBe(true);
      expect(JSON.parse(text.slice(0, text.lastIndexOf('}') + 1))).toMatchObject({ type: 'alert.firing', data: { id: firing.id } });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is tried again when it fails, and is broken where commands are not allowed', async () => {
    expect(await send('command', { command: 'echo no luck; exit 3' }, firing)).toEqual({
      kind: 'retry',
      reason: 'the command ended with 3: no luck',
    });
    const kind = channelType('command');
    const closed = kind?.send({
      message: firing,
      settings: { command: 'true', timeout_seconds: 1 } as never,
      outbound: createOutbound(),
      signal: new AbortController().signal,
    });
    await expect(closed).rejects.toMatchObject({ code: 'OUTBOUND_REFUSED' });
  });
});

describe('a message that invites to acknowledge', () => {
  const acknowledgeUrl = 'https://muster.example.com/acknowledge/v1.x';
  const inviting: Message = { ...firing, acknowledgeUrl };

  it('has its link in every channel, where that channel has links', async () => {
    await using mail = await new MailServer().start();
    const { origin, url } = receiver;
    await send('webhook', { url, secret: 's' }, inviting);
    await send('slack', { url }, inviting);
    await send('discord', { url }, inviting);
    await send('telegram', { token: '12345:AAAA_bbbb-cccc', chat_id: 1, api_url: origin }, inviting);
    await send('teams', { url }, inviting);
    await send('ntfy', { url: origin, topic: 'x' }, inviting);
    await send('pagerduty', { routing_key: 'R', api_url: origin }, inviting);
    await send('smtp', { host: '127.0.0.1', port: mail.port, tls: 'none', from: 'a@b.c', to: ['d@e.f'] }, inviting);
    const [webhook, slack, discord, telegram, teams, ntfy, pagerduty] = bodies();
    expect(webhook.data.acknowledge_url).toBe(acknowledgeUrl);
    expect(slack.blocks[2].text.text).toBe(`<https://muster.example.com/alerts/1|Open in Muster> · <${acknowledgeUrl}|Acknowledge>`);
    expect(discord.embeds[0].description).toContain(`[Acknowledge](${acknowledgeUrl})`);
    expect(telegram.text).toContain(`Acknowledge: ${acknowledgeUrl}`);
    expect(teams.attachments[0].content.actions[1]).toEqual({ type: 'Action.OpenUrl', title: 'Acknowledge', url: acknowledgeUrl });
    expect(ntfy.actions).toEqual([{ action: 'http', label: 'Acknowledge', method: 'POST', url: acknowledgeUrl, clear: true }]);
    expect(pagerduty.links[1]).toEqual({ href: acknowledgeUrl, text: 'Acknowledge' });
    expect(mail.mails[0]?.replaceAll('=\r\n', '')).toContain(`Acknowledge: ${acknowledgeUrl}`);
  });

  it('has it also where the text has to be cut', async () => {
    const long: Message = { ...inviting, document: { ...firing.document, text: 'x'.repeat(20_000) } };
    await send('discord', { url: receiver.url }, long);
    await send('telegram', { token: '12345:AAAA_bbbb-cccc', chat_id: 1, api_url: receiver.origin }, long);
    const [discord, telegram] = bodies();
    expect(discord.embeds[0].description.endsWith(`(${acknowledgeUrl})`)).toBe(true);
    expect(telegram.text.endsWith(acknowledgeUrl)).toBe(true);
    expect([discord.embeds[0].description.length < 4_096, telegram.text.length < 4_096]).toEqual([true, true]);
  });
});

it('every type that calls somebody says whom, and keeps to the signal', async () => {
  receiver.always = () => undefined;
  const settings: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    webhook: { url: receiver.url, secret: 's' },
    slack: { url: receiver.url },
    discord: { url: receiver.url },
    telegram: { token: '12345:AAAA_bbbb-cccc', chat_id: 1, api_url: receiver.origin },
    teams: { url: receiver.url },
    ntfy: { url: receiver.origin, topic: 'x' },
    pagerduty: { routing_key: 'R', api_url: receiver.origin },
    smtp: { host: '127.0.0.1', port: Number(new URL(receiver.url).port), tls: 'none', from: 'a@b.c', to: ['d@e.f'] },
    command: { command: 'sleep 60' },
  };
  expect(Object.keys(settings).toSorted()).toEqual(CHANNEL_TYPES.map(({ type }) => type).toSorted());
  for (const [type, given] of Object.entries(settings)) {
    const over = new AbortController();
    const sent = send(type, given, firing, over.signal);
    setTimeout(() => over.abort(new Error('enough')), 50);
    expect([type, await sent]).toEqual([type, { kind: 'retry', reason: 'enough' }]);
  }
});
