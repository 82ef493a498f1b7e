import { isIP } from 'node:net';
import { createTransport } from 'nodemailer';
import { z } from 'zod';
import { MusterError, messageOf } from '../../../../base/errors.ts';
import { defineChannel } from '../channel-type.ts';
import { fit, headlineOf, linesOf, linksOf } from '../message.ts';
import type { Outcome } from '../outcome.ts';
import { secretText } from './settings.ts';

const TIMEOUT_MS = 10_000;
const mailAddress = z
  .string()
  .min(3)
  .max(320)
  .regex(/^[^\r\n]*[^\s<>]@[^\s<>]+>?$/, 'is no address');

export const smtp = defineChannel({
  type: 'smtp',
  summary: 'Mail, by an SMTP server',
  settings: z.strictObject({
    host: z.string().min(1).max(255),
    port: z.number().int().min(1).max(65_535).default(587),
    tls: z
      .enum(['starttls', 'implicit', 'none'])
      .default('starttls')
      .describe('starttls (port 587), implicit (port 465), or none, which is for opened networks only'),
    username: z.string().max(320).optional(),
    password: secretText.optional(),
    from: mailAddress,
    to: z.array(mailAddress).min(1).max(50),
  }),
  secrets: ['password'],
  target: ({ to }) => to.join(', '),
  host: ({ host, tls }) => ({ host, plain: tls === 'none' }),
  async send({ message, outbound, settings, signal }): Promise<Outcome> {
    const { from, host, password, port, tls, to, username } = settings;
    const { address, opened } = await outbound.resolve(host);
    if (tls === 'none' && !opened)
      throw new MusterError('OUTBOUND_REFUSED', `mail to ${host} has to be encrypted`, { remedy: 'Set tls to starttls or implicit.' });
    const transport = createTransport({
      // The address that was checked; the certificate must be for the name.
      host: address,
      port,
      secure: tls === 'implicit',
      requireTLS: tls === 'starttls',
      ignoreTLS: tls === 'none',
      tls: isIP(host) === 0 ? { servername: host } : {},
      ...(username === undefined ? {} : { auth: { user: username, pass: password ?? '' } }),
      connectionTimeout: TIMEOUT_MS,
      greetingTimeout: TIMEOUT_MS,
      socketTimeout: TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    const over = new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason as Error);
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    const thread = message.alertId === null ? undefined : `<${message.alertId}@muster>`;
    try {
      const sent = transport.sendMail({
        from,
        to,
        subject: fit(headlineOf(message).replace(/\s+/g, ' '), 200),
        text: [...linesOf(message), '', ...linksOf(message).map(({ label, url }) => `${label}: ${url}`)].join('\n'),
        // The same for every attempt: mail programs show it once. Mails about one alert are one conversation.
        messageId: `<${message.id}@muster>`,
        ...(thread === undefined ? {} : { references: thread, inReplyTo: thread }),
        headers: { 'x-muster-level': message.level, 'auto-submitted': 'auto-generated' },
      });
      sent.catch(() => undefined); // heard below, unless the attempt has ended before
      const { rejected } = (await Promise.race([sent, over])) as { readonly rejected?: readonly unknown[] };
      return {
        kind: 'delivered',
        ...(rejected === undefined || rejected.length === 0 ? {} : { note: `refused for ${rejected.join(', ')}` }),
      };
    } catch (error) {
      if (error instanceof MusterError || error === signal.reason) throw error;
      return outcomeOfMail(error);
    } finally {
      transport.close();
    }
  },
});

/** 4xx: later. 5xx after the greeting: not this mail, unless it is the login. */
function outcomeOfMail(error: unknown): Outcome {
  const { code, responseCode } = error as { readonly code?: string; readonly responseCode?: number };
  const reason = `the mail server: ${fit(messageOf(error).replace(/\s+/g, ' '), 300)}`;
  if (code === 'EAUTH' && (responseCode === undefined || responseCode >= 500)) return { kind: 'broken', reason, status: responseCode };
  if (responseCode !== undefined && responseCode >= 550 && responseCode < 560) return { kind: 'refused', reason, status: responseCode };
  return { kind: 'retry', reason, status: responseCode };
}
