import { createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { defineChannel } from '../channel-type.ts';
import { eventOf } from '../message.ts';
import { postJson } from './post.ts';
import { hostOfUrl, secretText, webUrl } from './settings.ts';

/** Signed as Standard Webhooks asks (standardwebhooks.com, 1.0.0). */
export const webhook = defineChannel({
  type: 'webhook',
  summary: 'An HTTP endpoint of your own: JSON, signed as Standard Webhooks asks',
  settings: z.strictObject({
    url: webUrl,
    secret: secretText
      .describe('whsec_… is base64 as Standard Webhooks has it; any other text is used as it is. Made where it is left out')
      .optional(),
    headers: z
      .record(
        z.string().regex(/^[A-Za-z0-9-]{1,100}$/),
        z
          .string()
          .max(1_000)
          .regex(/^[\t\x20-\x7e]*$/, 'holds what a header cannot'),
      )
      .describe('Sent with every request')
      .optional(),
  }),
  secrets: ['secret', 'headers'],
  made: () => ({ secret: `whsec_${randomBytes(32).toString('base64')}` }),
  target: ({ url }) => url,
  host: ({ url }) => hostOfUrl(url),
  send: (delivery) => {
    const { message, settings } = delivery;
    const body = JSON.stringify(eventOf(message));
    return postJson(delivery, settings.url, body, {
      ...settings.headers,
      ...signatureHeaders(settings.secret ?? '', message.id, message.sentAt, body),
    });
  },
});

/** The three headers by which a receiver knows a message again and that it is ours. */
export function signatureHeaders(secret: string, id: string, sentAt: number, body: string): Readonly<Record<string, string>> {
  const seconds = Math.floor(sentAt / 1_000);
  const signature = createHmac('sha256', keyOf(secret)).update(`${id}.${seconds}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${signature}` };
}

const keyOf = (secret: string): Buffer =>
  secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret, 'utf8');
