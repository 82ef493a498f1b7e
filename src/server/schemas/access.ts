import { z } from 'zod';
import { ROLES } from '../../http/permissions.ts';
import { IsoTime, text, Time } from '../../http/schemas.ts';

export const RoleName = z.enum(ROLES).describe('Each includes the one before');

export const SignInBody = z
  .union([z.strictObject({ token: z.string().min(1).max(200) }), z.strictObject({ key: z.string().min(1).max(1_000) })])
  .meta({ id: 'SignIn', description: 'The token of a sign-in link, or an API key' });

export const SessionView = z
  .object({ subject: z.string(), role: RoleName, permissions: z.array(z.string()), expires_at: IsoTime.nullable() })
  .meta({
    id: 'Session',
    examples: [
      {
        subject: 'link:1f0c2a9b',
        role: 'administrator',
        permissions: ['agents:manage', 'agents:read', 'agents:write'],
        expires_at: '2026-02-07T12:00:00.000Z',
      },
    ],
  });

export const KeyView = z
  .object({
    key_id: z.string(),
    name: z.string(),
    role: RoleName,
    scopes: z.array(z.string()).nullable().describe('Narrow the role; null: all of it'),
    projects: z.array(z.string()).nullable().describe('The projects of LLM conversations it is confined to; null: all'),
    created_by: z.string(),
    created_at: IsoTime,
    expires_at: IsoTime.nullable(),
    last_used_at: IsoTime.nullable().describe('To the minute'),
    revoked_at: IsoTime.nullable(),
  })
  .meta({ id: 'Key' });

export const FreshKeyView = KeyView.extend({ key: z.string().describe('Shown this once: mst_<id>_<secret>') }).meta({ id: 'FreshKey' });

export const NewKeyBody = z
  .strictObject({
    name: text(1, 255),
    role: RoleName,
    scopes: z.array(z.string().max(100)).min(1).max(100).optional().describe('Permissions that narrow the role'),
    projects: z
      .array(text(1, 512))
      .min(1)
      .max(100)
      .optional()
      .describe('Confines it to these projects of LLM conversations. They need not exist yet'),
    expires_at: Time.optional().describe('A time, also now+90d. Default: until it is revoked'),
  })
  .meta({ id: 'NewKey', examples: [{ name: 'grafana', role: 'viewer', scopes: ['metrics:read'], expires_at: 'now+90d' }] });

export const NewLinkBody = z.strictObject({ role: RoleName.default('administrator') }).meta({ id: 'NewSignInLink' });

export const LinkView = z
  .object({ token: z.string(), url: z.string(), expires_at: IsoTime })
  .meta({ id: 'SignInLink', description: 'Works once' });
