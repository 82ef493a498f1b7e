import { z } from 'zod';
import { defineChannel } from '../channel-type.ts';
import { fit, headlineOf, isOver, linesOf } from '../message.ts';
import type { Level } from '../notification.ts';
import { postJson } from './post.ts';
import { hostOfUrl, secretText, webUrl } from './settings.ts';

const PRIORITIES: Readonly<Record<Level, number>> = { info: 2, warning: 3, critical: 4, emergency: 5 };

export const ntfy = defineChannel({
  type: 'ntfy',
  summary: 'ntfy, on ntfy.sh or a server of your own',
  settings: z.strictObject({
    url: webUrl.default('https://ntfy.sh').describe('The server'),
    topic: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'is no topic'),
    token: secretText.describe('An access token, where the topic is protected').optional(),
  }),
  secrets: ['token'],
  target: ({ topic, url }) => `${url.replace(/\/$/, '')}/${topic}`,
  host: ({ url }) => hostOfUrl(url),
  send: (delivery) => {
    const { message, settings } = delivery;
    return postJson(
      delivery,
      settings.url,
      {
        topic: settings.topic,
        title: fit(headlineOf(message), 250),
        message: fit(linesOf(message).join('\n'), 3_500),
        priority: isOver(message) ? PRIORITIES.info : PRIORITIES[message.level],
        ...(message.document.url === undefined ? {} : { click: message.document.url }),
        // From the notification itself, without a browser.
        ...(message.acknowledgeUrl === undefined
          ? {}
          : { actions: [{ action: 'http', label: 'Acknowledge', method: 'POST', url: message.acknowledgeUrl, clear: true }] }),
      },
      settings.token === undefined ? {} : { authorization: `Bearer ${settings.token}` },
    );
  },
});
