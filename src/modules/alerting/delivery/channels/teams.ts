import { z } from 'zod';
import { defineChannel } from '../channel-type.ts';
import { fit, headlineOf, isOver, linesOf, linksOf } from '../message.ts';
import { postJson } from './post.ts';
import { hostOfUrl, siteOf, webUrl } from './settings.ts';

export const teams = defineChannel({
  type: 'teams',
  summary: 'Microsoft Teams, by a workflow that posts an Adaptive Card',
  settings: z.strictObject({ url: webUrl }),
  secrets: ['url'],
  target: ({ url }) => siteOf(url),
  host: ({ url }) => hostOfUrl(url),
  send: (delivery) => {
    const { message, settings } = delivery;
    const { level } = message;
    const links = linksOf(message);
    const color = isOver(message) ? 'Good' : level === 'info' ? 'Accent' : level === 'warning' ? 'Warning' : 'Attention';
    const content = {
      $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
      type: 'AdaptiveCard',
      version: '1.4',
      msteams: { width: 'Full' },
      body: [
        { type: 'TextBlock', size: 'Medium', weight: 'Bolder', wrap: true, color, text: fit(headlineOf(message), 500) },
        ...linesOf(message).map((line) => ({ type: 'TextBlock', wrap: true, text: fit(line, 4_000) })),
        { type: 'TextBlock', isSubtle: true, size: 'Small', wrap: true, text: message.id },
      ],
      ...(links.length === 0 ? {} : { actions: links.map(({ label, url }) => ({ type: 'Action.OpenUrl', title: label, url })) }),
    };
    return postJson(delivery, settings.url, {
      type: 'message',
      attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content }],
    });
  },
});
