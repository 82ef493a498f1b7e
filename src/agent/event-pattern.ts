import type { EventType } from '../state/events.ts';

/** `invoice:created`, or with `*` for either part: `invoice:*`, `*:failed`. */
export type EventPattern = EventType;

const PATTERN = /^(\*|[a-z_]+):(\*|[a-z_]+)$/;

export const isEventPattern = (text: unknown): text is EventPattern => typeof text === 'string' && PATTERN.test(text);

/** Whether an event of this type is meant by one of the patterns. */
export function matches(patterns: readonly EventPattern[], type: EventType): boolean {
  const [noun, verb] = type.split(':');
  return patterns.some((pattern) => {
    const [wantedNoun, wantedVerb] = pattern.split(':');
    return (wantedNoun === '*' || wantedNoun === noun) && (wantedVerb === '*' || wantedVerb === verb);
  });
}
