import { z } from 'zod';
import { defineChannel } from '../channel-type.ts';
import { eventOf } from '../message.ts';

export const command = defineChannel({
  type: 'command',
  summary: 'A shell command on the host that runs alert_delivery, where MUSTER_ALLOW_COMMANDS lets it',
  settings: z.strictObject({
    command: z.string().min(1).max(4_000).describe('Gets the event as JSON on standard input; exit code 0 says that it was delivered'),
    environment: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/), z.string().max(4_000))
      .describe('Variables for it')
      .optional(),
    timeout_seconds: z.number().int().min(1).max(20).default(10),
  }),
  secrets: ['environment'],
  target: ({ command: text }) => text,
  async send({ message, outbound, settings, signal }) {
    const { exitCode, output } = await outbound.run({
      command: settings.command,
      input: JSON.stringify(eventOf(message)),
      environment: {
        ...settings.environment,
        MUSTER_NOTIFICATION_ID: message.id,
        MUSTER_KIND: message.kind,
        MUSTER_LEVEL: message.level,
        MUSTER_TITLE: message.document.title,
      },
      timeoutMs: settings.timeout_seconds * 1_000,
      signal,
    });
    if (exitCode === 0) return { kind: 'delivered' };
    const said = output.replace(/\s+/g, ' ').trim().slice(0, 200);
    return { kind: 'retry', reason: `the command ended with ${exitCode ?? 'a signal'}${said === '' ? '' : `: ${said}`}` };
  },
});
