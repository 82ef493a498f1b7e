import { z } from 'zod';
import { defineChannel } from '../channel-type.ts';
import { fit, headlineOf, isOver, linesOf, linksOf } from '../message.ts';
import type { Level } from '../notification.ts';
import { postJson } from './post.ts';
import { hostOfUrl, siteOf, webUrl } from './settings.ts';

const COLORS: Readonly<Record<Level, number>> = { info: 0x3b82f6, warning: 0xf59e0b, critical: 0xdc2626, emergency: 0x7f1d1d };
const OVER = 0x16a34a;

export const discord = defineChannel({
  type: 'discord',
  summary: 'Discord, by a webhook of a channel',
  settings: z.strictObject({ url: webUrl }),
  secrets: ['url'],
  target: ({ url }) => siteOf(url),
  host: ({ url }) => hostOfUrl(url),
  send: (delivery) => {
    const { message, settings } = delivery;
    const { document, level } = message;
    const links = linksOf(message).map(({ label, url }) => `[${label}](${url})`);
    return postJson(delivery, settings.url, {
      embeds: [
        {
          title: fit(headlineOf(message), 256),
          description: [fit(linesOf(message).join('\n'), 3_000), ...links].join('\n'),
          color: isOver(message) ? OVER : COLORS[level],
          timestamp: new Date(message.createdAt).toISOString(),
          footer: { text: message.id },
          ...(document.url === undefined ? {} : { url: document.url }),
        },
      ],
      // Text of an alert calls nobody.
      allowed_mentions: { parse: [] },
    });
  },
});
