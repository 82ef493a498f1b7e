import { lookup as systemLookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { MusterError, messageOf } from '../base/errors.ts';
import { plainAddress, specialUse, type Networks } from './networks.ts';

/** Where to connect: an address that was looked up once and checked. */
export interface Destination {
  readonly host: string;
  readonly address: string;
  readonly family: 4 | 6;
  /** It lies in one of the networks that were opened. */
  readonly opened: boolean;
}

export type Lookup = (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

export const lookup: Lookup = (host) => systemLookup(host, { all: true, order: 'verbatim' });

/**
 * Looks a host up and picks an address that may be called: of the public internet, or in a network that was opened. Whoever
 * connects uses this address and does not look up again, so that a name which answers differently the second time gains nothing.
 * Throws OUTBOUND_REFUSED, or OUTBOUND_FAILED where the name is not known.
 */
export async function resolveHost(host: string, allowed: Networks, find: Lookup = lookup): Promise<Destination> {
  const bare = host.replace(/^\[|\]$/g, '');
  if (isIP(bare) !== 0) {
    const destination = asDestination(host, bare, allowed);
    if (destination.opened) return destination;
    throw refused(host, specialUse(bare) ?? 'an address without a name');
  }
  let found: Awaited<ReturnType<Lookup>>;
  try {
    found = await find(bare);
  } catch (error) {
    throw new MusterError('OUTBOUND_FAILED', `the name ${host} cannot be looked up: ${messageOf(error)}`, { cause: error });
  }
  const destinations = found.map(({ address }) => asDestination(host, address, allowed));
  const usable = destinations.find(({ address, opened }) => opened || specialUse(address) === undefined);
  if (usable !== undefined) return usable;
  const [first] = destinations;
  if (first === undefined) throw new MusterError('OUTBOUND_FAILED', `the name ${host} has no address`);
  throw refused(`${host} (${first.address})`, specialUse(first.address) ?? 'not public');
}

function asDestination(host: string, found: string, allowed: Networks): Destination {
  const address = plainAddress(found);
  return { host, address, family: isIP(address) === 4 ? 4 : 6, opened: allowed.has(address) };
}

const refused = (where: string, what: string): MusterError =>
  new MusterError('OUTBOUND_REFUSED', `${where} may not be called: it is ${what}`);
