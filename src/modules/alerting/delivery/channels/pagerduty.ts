import { z } from 'zod';
import { defineChannel, type Delivery } from '../channel-type.ts';
import { eventOf, fit, isOver, linesOf, linksOf, type Message } from '../message.ts';
import type { Level } from '../notification.ts';
import { brokenWhere, type Outcome } from '../outcome.ts';
import { postJson } from './post.ts';
import { hostOfUrl, secretText, webUrl } from './settings.ts';

const SEVERITIES: Readonly<Record<Level, string>> = { info: 'info', warning: 'warning', critical: 'error', emergency: 'critical' };

export const pagerduty = defineChannel({
  type: 'pagerduty',
  summary: 'PagerDuty, by Events API v2: one incident an alert, resolved with it',
  settings: z.strictObject({
    routing_key: secretText.describe('The integration key of a service'),
    api_url: webUrl.default('https://events.pagerduty.com').describe('https://events.eu.pagerduty.com in Europe'),
  }),
  secrets: ['routing_key'],
  target: ({ api_url: url }) => url,
  host: ({ api_url: url }) => hostOfUrl(url),
  async send(delivery) {
    const { message } = delivery;
    if (message.kind !== 'test') return send(delivery, actionOf(message));
    // A test leaves no incident open.
    const outcome = await send(delivery, 'trigger');
    return outcome.kind === 'delivered' ? send(delivery, 'resolve') : outcome;
  },
});

type Action = 'trigger' | 'acknowledge' | 'resolve';

function actionOf(message: Message): Action {
  if (isOver(message)) return 'resolve';
  const { alert } = message.document;
  return alert?.acknowledged_by !== undefined && alert.acknowledged_by !== null && message.kind !== 'firing' ? 'acknowledge' : 'trigger';
}

async function send(delivery: Delivery<{ readonly routing_key: string; readonly api_url: string }>, action: Action): Promise<Outcome> {
  const { message, settings } = delivery;
  const { document, level } = message;
  const links = linksOf(message);
  const outcome = await postJson(delivery, `${settings.api_url.replace(/\/$/, '')}/v2/enqueue`, {
    routing_key: settings.routing_key,
    event_action: action,
    dedup_key: fit(document.alert?.dedup_key ?? message.id, 255),
    payload: {
      summary: fit(document.title, 1_024),
      source: fit(document.alert?.target ?? 'muster', 255),
      severity: SEVERITIES[level],
      timestamp: new Date(message.createdAt).toISOString(),
      ...(document.alert === undefined ? {} : { component: document.alert.rule }),
      custom_details: { text: linesOf(message).join('\n'), ...eventOf(message) },
    },
    client: 'Muster',
    ...(document.url === undefined ? {} : { client_url: document.url }),
    ...(links.length === 0 ? {} : { links: links.map(({ label, url }) => ({ href: url, text: label })) }),
  });
  return brokenWhere(outcome, /routing.?key/i);
}
