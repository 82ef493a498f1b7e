import { malformed } from './proc-files.ts';

export interface InterfaceCounters {
  readonly device: string;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly errors: number;
  readonly drops: number;
}

/** Loopback, and what containers and tunnels put on top of a physical interface, where the same bytes are counted already. */
const VIRTUAL =
  /^(lo|veth|ifb|dummy|docker|br-|virbr|cali|flannel|cni|tunl|sit|ip6tnl|ip6_vti|ip_vti|gre|gretap|erspan|vxlan|nodelocaldns|kube-)/;

/** Physical interfaces of /proc/net/dev that have ever been used. */
export function parseNetDev(text: string): readonly InterfaceCounters[] {
  const [, heading, ...lines] = text.split('\n');
  if (heading === undefined || !heading.includes('bytes')) throw malformed('/proc/net/dev', text);
  return lines
    .filter((line) => line.trim() !== '')
    .map(parseLine)
    .filter(({ device, receivedBytes, sentBytes }) => !VIRTUAL.test(device) && receivedBytes + sentBytes > 0);
}

function parseLine(line: string): InterfaceCounters {
  const colon = line.lastIndexOf(':');
  const device = line.slice(0, colon).trim();
  const counts = line
    .slice(colon + 1)
    .trim()
    .split(/\s+/)
    .map(Number);
  if (colon < 1 || counts.length < 12 || counts.some(Number.isNaN)) throw malformed('/proc/net/dev', line);
  const [receivedBytes = 0, , receiveErrors = 0, receiveDrops = 0, , , , , sentBytes = 0, , sendErrors = 0, sendDrops = 0] = counts;
  return { device, receivedBytes, sentBytes, errors: receiveErrors + sendErrors, drops: receiveDrops + sendDrops };
}

/** Sockets of IPv4 in /proc/net/sockstat; those of IPv6 that are not bound to it alone count among them when they speak IPv4. */
export function parseSockets(text: string): Readonly<Record<string, number>> {
  const sockets: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const [protocol = '', ...fields] = line.split(/[:\s]+/);
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const name = NAMED_SOCKETS[`${protocol} ${fields[at]}`];
      const count = Number(fields[at + 1]);
      if (name !== undefined && Number.isFinite(count)) sockets[name] = count;
    }
  }
  return sockets;
}

const NAMED_SOCKETS: Readonly<Record<string, string>> = {
  'TCP inuse': 'tcp_in_use',
  'TCP orphan': 'tcp_orphan',
  'TCP tw': 'tcp_time_wait',
  'UDP inuse': 'udp_in_use',
};
