import type { Access, Role } from '../../state/access.ts';
import { newToken, sha256 } from './secrets.ts';

export const LINK_LIFETIME_MS = 15 * 60_000;

/** A token that opens one session within 15 minutes. */
export async function createSignInLink(
  access: Access,
  { role = 'administrator', createdBy }: { readonly role?: Role; readonly createdBy: string },
): Promise<{ readonly token: string; readonly expiresAt: number }> {
  const token = newToken();
  const { expiresAt } = await access.addLink({ tokenHash: sha256(token), role, createdBy, lifetimeMs: LINK_LIFETIME_MS });
  return { token, expiresAt };
}

/** The address to open in a browser: a page of the dashboard, which sends the token on. */
export const signInUrl = (origin: string, token: string): string => `${origin}/sign-in?token=${token}`;
