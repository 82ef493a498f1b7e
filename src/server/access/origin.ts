import type { IncomingHttpHeaders } from 'node:http';
import { MusterError } from '../../base/errors.ts';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

export const isSafeMethod = (method: string): boolean => SAFE.has(method);

export const isLoopbackHost = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

export const isLoopbackAddress = (address: string): boolean => isLoopbackHost(address.startsWith('::ffff:') ? address.slice(7) : address);

/** The name in a Host header, without port and brackets, lower case; undefined where it is none. */
export function hostnameOf(header: string | undefined): string | undefined {
  if (header === undefined || !/^[A-Za-z0-9.:[\]_-]{1,300}$/.test(header)) return undefined;
  const bracketed = /^\[([0-9a-fA-F:.]+)\](:\d+)?$/.exec(header);
  if (bracketed !== null) return bracketed[1]?.toLowerCase();
  const plain = /^([^:[\]]+)(:\d+)?$/.exec(header);
  return plain?.[1]?.toLowerCase();
}

/**
 * Refuses a request that came under a stranger's name. A server on loopback is reached by every page that its user opens:
 * a page whose name has been re-pointed at 127.0.0.1 counts as same-origin with it, and only the Host header gives it away.
 */
export class HostCheck {
  readonly #isLoopback: () => boolean;
  readonly #allowed: ReadonlySet<string>;

  constructor(options: { readonly isLoopback: () => boolean; readonly allowedHosts: readonly string[] }) {
    this.#isLoopback = options.isLoopback;
    this.#allowed = new Set(options.allowedHosts.map((host) => host.toLowerCase()));
  }

  /** Throws WRONG_HOST. */
  check(header: string | undefined): void {
    if (!this.#isLoopback()) return;
    const name = hostnameOf(header);
    if (name !== undefined && (isLoopbackHost(name) || name.endsWith('.localhost') || this.#allowed.has(name))) return;
    throw new MusterError('WRONG_HOST', 'the Host header names neither this machine nor an allowed host');
  }
}

/** Whether a request that a browser made with a cookie comes from a page of this very server. */
export function isSameOrigin(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const origin = headers.origin;
  if (origin === undefined || headers.host === undefined) return false;
  try {
    return new URL(origin).host === headers.host.toLowerCase();
  } catch {
    // Not a URL: `null` from a sandboxed frame, or junk. Either is a stranger.
    return false;
  }
}
