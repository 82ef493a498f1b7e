import { z } from 'zod';
import { LEVELS } from '../delivery/notification.ts';
import { lengthOfTime, Name } from './schedule.ts';

const TARGET = /^(channel|person|schedule):([A-Za-z0-9][A-Za-z0-9_.-]{0,99})$/;

/** Whom a step tells. */
export interface Target {
  readonly kind: 'channel' | 'person' | 'schedule';
  readonly name: string;
}

const TargetText = z
  .string()
  .regex(TARGET, 'is no target: write channel:ops, person:kim or schedule:primary')
  .meta({ examples: ['schedule:primary'] });

/** Throws for a text that the schema does not take. */
export function targetOf(value: string): Target {
  const match = TARGET.exec(value);
  if (match === null) throw new RangeError(`${value} is no target`);
  return { kind: match[1] as Target['kind'], name: match[2] ?? '' };
}

const Step = z.strictObject({
  wait: lengthOfTime('0s', '30d').default('5m').describe('How long after the step before; of the first: after the alert'),
  notify: z.array(TargetText).min(1).max(50).describe('channel:<name>, person:<name>, schedule:<name> (whoever is on call then)'),
  rotate: z.boolean().default(false).describe('Only one of them is told, another one every time'),
});

export const policyDocument = z
  .strictObject({
    name: Name,
    default: z.boolean().default(false).describe('For alerts whose rule and labels name no policy'),
    levels: z.array(z.enum(LEVELS)).min(1).max(4).default(['critical', 'emergency']).describe('Alerts of other levels are left alone'),
    steps: z.array(Step).min(1).max(20),
    repeat: z.int().min(0).max(100).default(0).describe('How often all steps are taken again'),
  })
  .meta({
    id: 'EscalationPolicyDefinition',
    examples: [
      {
        name: 'default',
        default: true,
        steps: [
          { wait: '5m', notify: ['schedule:primary'] },
          { wait: '10m', notify: ['schedule:secondary', 'channel:ops'] },
        ],
        repeat: 2,
      },
    ],
  });
export type PolicyDocument = z.output<typeof policyDocument>;
