import { newToken, sha256 } from '../../server/access/secrets.ts';
import type { Access, Role } from '../../state/access.ts';

/** Long enough to walk to another desk, short enough to be worthless in a scrollback. */
const LIFETIME_MS = 15 * 60_000;

/** Where a server listens, and the address that people use instead, if there is one. */
export interface Where {
  readonly host: string;
  readonly port: number;
  readonly publicUrl?: string | undefined;
}

export interface SignInLink {
  readonly url: string;
  readonly expiresAt: number;
}

/** A link that opens the dashboard once. Only its hash is stored. */
export async function createSignInLink(access: Access, server: Where, role: Role, createdBy: string): Promise<SignInLink> {
  const token = newToken();
  const { expiresAt } = await access.addLink({ tokenHash: sha256(token), role, createdBy, lifetimeMs: LIFETIME_MS });
  return { url: `${baseUrl(server)}/sign-in?token=${token}`, expiresAt };
}

/** Where a person on this machine reaches the server: "all addresses" is no place to go to. */
export function baseUrl({ host, port, publicUrl }: Where): string {
  if (publicUrl !== undefined) return publicUrl;
  const reachable = host === '0.0.0.0' || host === '::' || host === '' ? 'localhost' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
