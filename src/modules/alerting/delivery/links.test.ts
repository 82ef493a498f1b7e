import { expect, it } from 'vitest';
import type { Secrets } from '../../../state/secrets.ts';
import { linksTo, openInvitation } from './links.ts';
import type { OutboxMessage } from './message.ts';
import type { AlertSummary } from './notification.ts';

const plain: Secrets = {
  seal: async (text, about) => Buffer.from(`${about}|${text}`).toString('base64url'),
  open: async (sealed) => Buffer.from(sealed, 'base64url').toString().split('|')[1] ?? '',
};

const alert = {
  id: 'a1',
  rule: 'cpu_high',
  state: 'firing',
  acknowledged_by: null,
} as unknown as AlertSummary;
const firing: OutboxMessage & { readonly channel: string; readonly sentAt: number } = {
  id: 'n1',
  kind: 'firing',
  level: 'critical',
  document: { title: 'CPU', text: 'high', alert },
  alertId: 'a1',
  incidentId: null,
  seq: 4,
  step: 0,
  createdAt: 1_000,
  channel: 'ops',
  sentAt: 2_000,
};

it('leads to the alert and to taking it on, where people can reach Muster', async () => {
  const { acknowledgeUrl = '', url } = await linksTo('https://muster.example.com/', plain, firing);
  expect(url).toBe('https://muster.example.com/alerts/a1');
  expect(acknowledgeUrl.startsWith('https://muster.example.com/acknowledge/')).toBe(true);
  expect(await openInvitation(plain, acknowledgeUrl.split('/').at(-1) ?? '', 3_000)).toEqual({
    alertId: 'a1',
    seq: 4,
    channel: 'ops',
    sentAt: 2_000,
  });
  expect(await linksTo(undefined, plain, firing)).toEqual({});
});

it.each([
  ['is over', { kind: 'resolved' as const }],
  ['somebody has', { document: { ...firing.document, alert: { ...alert, acknowledged_by: 'kim' } } }],
])('invites nobody to take on what %s', async (_, more) => {
  expect(await linksTo('https://m.example', plain, { ...firing, ...more })).toEqual({ url: 'https://m.example/alerts/a1' });
});

it('leads nowhere from a message about no alert, or about the database itself', async () => {
  expect(await linksTo('https://m.example', plain, { ...firing, alertId: null })).toEqual({});
  const document = { ...firing.document, alert: { ...alert, rule: 'database_away' } };
  expect(await linksTo('https://m.example', plain, { ...firing, document })).toEqual({});
});
