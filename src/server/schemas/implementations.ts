import { z } from 'zod';
import { CursorText, IsoTime, JsonObject, Limit, text } from '../../http/schemas.ts';

const Name = z.string().regex(/^[a-z][a-z0-9_]{0,99}$/, 'is not a name: lower-case letters, digits and underscores, a letter first');
const Named = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,99}(@[0-9a-f]{8,64})?$/, 'is neither a name nor name@hash with 8 digits of it or more')
  .describe('A name, which means its newest version, or name@hash');

export const ImplementationView = z
  .object({
    name: z.string(),
    hash: z.string().describe('SHA-256 of the code, hexadecimal'),
    current: z.boolean().describe('Whether the name alone means this version'),
    bytes: z.number().int(),
    agent_type: z.string(),
    agent_name: z.string(),
    description: z.string(),
    capabilities: z.record(z.string(), z.string()),
    schedule: z.string().nullable().describe('null: when it is told to'),
    takes_config: z.boolean(),
    registered_by: z.string(),
    registered_at: IsoTime,
    slots: z.array(z.string()).describe('The slots that run it'),
  })
  .meta({
    id: 'Implementation',
    examples: [
      {
        name: 'unpaid_invoices',
        hash: '6d3f1f0b3c1c4f3f8b8d1f0e6a9c2b7d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b',
        current: true,
        bytes: 2_048,
        agent_type: 'unpaid_invoices',
        agent_name: 'Unpaid invoices',
        description: 'Counts invoices that are overdue',
        capabilities: { billing: 'Watches overdue invoices' },
        schedule: 'every 30s',
        takes_config: true,
        registered_by: 'key 3f9c1d2e4b5a',
        registered_at: '2026-01-31T12:00:00.000Z',
        slots: ['slot_custom_agent'],
      },
    ],
  });

/** As many characters as a bundle may have bytes; the exact limit is checked with its own error. */
const Code = text(1, 4_194_304);

export const NewImplementationBody = z
  .strictObject({
    name: Name.optional().describe('Default: the type of its agent'),
    source: Code.optional().describe(
      'A module, TypeScript or JavaScript, that imports Node’s own modules, muster-agents and zod; the server bundles it',
    ),
    bundle: Code.optional().describe('A bundled module, stored as it is: it may import Node’s own modules and muster-agents'),
  })
  .refine((body) => (body.source === undefined) !== (body.bundle === undefined), 'needs one of source and bundle')
  .meta({
    id: 'NewImplementation',
    examples: [{ source: "import { defineAgent } from 'muster-agents';\nexport default defineAgent({ … });" }],
  });

export const ImplementationParams = z.object({ implementation: Named });
export const ImplementationListQuery = z.strictObject({
  limit: Limit,
  cursor: CursorText.optional(),
  name: Name.optional().describe('Only the versions of this one'),
});

export const ActivateBody = z
  .strictObject({
    implementation: Named,
    config: JsonObject.optional().describe('Default: what the slot had when it ran the same name before, else none'),
  })
  .meta({ id: 'Activation', examples: [{ implementation: 'unpaid_invoices', config: { limit: 50 } }] });
