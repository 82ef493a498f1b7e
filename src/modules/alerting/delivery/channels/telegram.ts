import { z } from 'zod';
import { defineChannel } from '../channel-type.ts';
import { fit, headlineOf, linesOf, linksOf } from '../message.ts';
import { brokenWhere } from '../outcome.ts';
import { postJson } from './post.ts';
import { hostOfUrl, webUrl } from './settings.ts';

export const telegram = defineChannel({
  type: 'telegram',
  summary: 'Telegram, by a bot',
  settings: z.strictObject({
    token: z
      .string()
      .regex(/^\d{1,20}:[A-Za-z0-9_-]{10,100}$/, 'is no token of a bot')
      .describe('What @BotFather gave'),
    chat_id: z.union([z.string().min(1).max(100), z.number().int()]).describe('A chat, group or @channel'),
    api_url: webUrl.default('https://api.telegram.org').describe('Of a Bot API server of your own'),
  }),
  secrets: ['token'],
  target: ({ chat_id: chat }) => `chat ${chat}`,
  host: ({ api_url: url }) => hostOfUrl(url),
  async send(delivery) {
    const { message, settings } = delivery;
    const links = linksOf(message).map(({ label, url }) => `${label}: ${url}`);
    const outcome = await postJson(delivery, `${settings.api_url.replace(/\/$/, '')}/bot${settings.token}/sendMessage`, {
      chat_id: settings.chat_id,
      // Plain text: nothing in an alert can be taken for markup.
      text: [fit([headlineOf(message), '', ...linesOf(message)].join('\n'), 3_000), ...links].join('\n'),
      link_preview_options: { is_disabled: true },
      disable_notification: message.level === 'info',
    });
    return brokenWhere(outcome, /chat not found|upgraded to a supergroup|PEER_ID_INVALID/i);
  },
});
