import { z } from 'zod';
import { defineChannel } from '../channel-type.ts';
import { fit, headlineOf, linesOf, linksOf } from '../message.ts';
import { postJson } from './post.ts';
import { hostOfUrl, siteOf, webUrl } from './settings.ts';

export const slack = defineChannel({
  type: 'slack',
  summary: 'Slack, by an incoming webhook',
  settings: z.strictObject({ url: webUrl }),
  secrets: ['url'],
  target: ({ url }) => siteOf(url),
  host: ({ url }) => hostOfUrl(url),
  send: (delivery) => {
    const { document, level, id } = delivery.message;
    const headline = headlineOf(delivery.message);
    const links = linksOf(delivery.message);
    const facts = [`level: ${level}`, ...(document.alert === undefined ? [] : [`rule: ${document.alert.rule}`, document.alert.target]), id];
    return postJson(delivery, delivery.settings.url, {
      // What a notification on a phone shows.
      text: escape(fit(headline, 1_000)),
      blocks: [
        { type: 'header', text: { type: 'plain_text', text: fit(headline, 150) } },
        { type: 'section', text: { type: 'mrkdwn', text: fit(linesOf(delivery.message).map(escape).join('\n'), 3_000) } },
        ...(links.length === 0
          ? []
          : [{ type: 'section', text: { type: 'mrkdwn', text: links.map(({ label, url }) => `<${escape(url)}|${label}>`).join(' · ') } }]),
        { type: 'context', elements: [{ type: 'mrkdwn', text: fit(facts.map(escape).join(' · '), 1_000) }] },
      ],
    });
  },
});

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
