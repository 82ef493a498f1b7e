import type { z } from 'zod';
import { isMusterError, MusterError } from '../../../base/errors.ts';
import type { Outbound } from '../../../outbound/index.ts';
import type { AnyChannelType } from './channel-type.ts';
import type { Settings } from './channel-store.ts';

/**
 * Settings as a channel of this type has them: checked, defaults filled in, what is made and not given made. Throws INVALID_INPUT,
 * or OUTBOUND_REFUSED for an address that may not be called from here.
 */
export async function prepareSettings(
  type: AnyChannelType,
  given: Settings,
  outbound: Outbound,
): Promise<{ readonly settings: Settings; readonly made: Readonly<Record<string, string>> }> {
  const made = Object.fromEntries(Object.entries(type.made?.() ?? {}).filter(([key]) => given[key] === undefined));
  const parsed = type.settings.safeParse({ ...made, ...given });
  if (!parsed.success) throw invalidSettings(parsed.error);
  const settings: Settings = parsed.data;
  await refuseForbidden(type, settings, outbound);
  return { settings, made };
}

function invalidSettings(error: z.ZodError): MusterError {
  const errors = error.issues.map(({ code, message, path }) => ({ pointer: `/${path.join('/')}`, code, message }));
  const [first] = errors;
  return new MusterError('INVALID_INPUT', first === undefined ? 'the settings are not valid' : `${first.pointer}: ${first.message}`, {
    data: { errors },
  });
}

/** Said when it is set up and not when it is needed. A name that is not known right now may be, later. */
async function refuseForbidden(type: AnyChannelType, settings: Settings, outbound: Outbound): Promise<void> {
  const place = type.host?.(settings as never);
  if (place === undefined) return;
  try {
    const { opened } = await outbound.resolve(place.host);
    if (place.plain && !opened) throw new MusterError('OUTBOUND_REFUSED', `${place.host} may only be reached encrypted`);
  } catch (error) {
    if (!isMusterError(error, 'OUTBOUND_FAILED')) throw error;
  }
}

/** What a change makes of the settings there are: null takes one away. */
export function mergeSettings(before: Settings, change: Settings): Settings {
  return Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value !== null && value !== undefined));
}

/** The message by which people try a channel out. */
export const testDocument = (channel: string, by: string) =>
  ({
    title: `channel "${channel}" can be reached`,
    text: `This is a test that ${by} asked for. Nothing is wrong.`,
    details: { channel, requested_by: by },
  }) as const;
