import { BlockList, isIP, isIPv4 } from 'node:net';
import { MusterError } from '../base/errors.ts';

/** Addresses of IPv4 that are not the public internet (IANA's special-purpose registry), and what they are. */
const SPECIAL_V4: readonly (readonly [network: string, what: string])[] = [
  ['0.0.0.0/8', 'this machine'],
  ['10.0.0.0/8', 'a private network'],
  ['100.64.0.0/10', 'a carrier’s private network'],
  ['127.0.0.0/8', 'this machine'],
  ['168.63.129.16/32', 'the metadata service of a cloud'],
  ['169.254.0.0/16', 'the local link, where clouds keep metadata'],
  ['172.16.0.0/12', 'a private network'],
  ['192.0.0.0/24', 'reserved'],
  ['192.0.2.0/24', 'for documentation'],
  ['192.88.99.0/24', 'reserved'],
  ['192.168.0.0/16', 'a private network'],
  ['198.18.0.0/15', 'for benchmarks'],
  ['198.51.100.0/24', 'for documentation'],
  ['203.0.113.0/24', 'for documentation'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
];

/** Of IPv6 only global unicast is public, and of that not what carries an address of IPv4 within, or is for documentation. */
const GLOBAL_V6 = '2000::/3';
const SPECIAL_V6: readonly (readonly [network: string, what: string])[] = [
  ['2001::/23', 'reserved'],
  ['2001:db8::/32', 'for documentation'],
  ['2002::/16', 'an IPv4 address in disguise'],
  ['3fff::/20', 'for documentation'],
];

/** A set of networks. */
export interface Networks {
  has(address: string): boolean;
}

/** The networks of this notation: `10.1.0.0/16`, `fd12::/48`, or one address. Throws CONFIG_INVALID, naming the one that is none. */
export function parseNetworks(texts: readonly string[]): Networks {
  const list = new BlockList();
  for (const text of texts) addNetwork(list, text);
  return {
    has(address) {
      const plain = plainAddress(address);
      return list.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6');
    },
  };
}

/** Whether this is the notation of a network. */
export function isNetwork(text: string): boolean {
  try {
    addNetwork(new BlockList(), text);
    return true;
  } catch (error) {
    if (error instanceof MusterError) return false;
    throw error;
  }
}

function addNetwork(list: BlockList, text: string): void {
  const [address = '', bits] = text.split('/', 2);
  const family = isIP(address);
  const most = family === 4 ? 32 : 128;
  const length = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (family === 0 || !(length <= most)) {
    throw new MusterError('CONFIG_INVALID', `${JSON.stringify(text)} is no network`, {
      remedy: 'Write networks as 10.1.0.0/16 or fd12:3456::/32, separated by commas.',
    });
  }
  list.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6');
}

const special = [...SPECIAL_V4, ...SPECIAL_V6].map(([network, what]) => ({ what, networks: parseNetworks([network]) }));
const globalV6 = parseNetworks([GLOBAL_V6]);

/** What an address is when it is not of the public internet; undefined when it is. */
export function specialUse(address: string): string | undefined {
  const plain = plainAddress(address);
  const found = special.find(({ networks }) => networks.has(plain));
  if (found !== undefined) return found.what;
  return isIPv4(plain) || globalV6.has(plain) ? undefined : 'not a public address';
}

/** An IPv4 address that is written as IPv6 (::ffff:127.0.0.1) as what it is; without the zone of a link-local one. */
export function plainAddress(address: string): string {
  const [bare = ''] = address.split('%', 1);
  const dotted = /^::(?:ffff:(?:0:)?)?(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1];
  if (dotted !== undefined) return dotted;
  const hex = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(bare);
  if (hex === null) return bare;
  const value = Number.parseInt(hex[1] ?? '', 16) * 65_536 + Number.parseInt(hex[2] ?? '', 16);
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
