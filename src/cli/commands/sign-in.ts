import type { Role } from '../../state/access.ts';
import type { Invocation } from '../invocation.ts';
import { openInBrowser } from '../browser.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { recallAddress } from '../runtime/server-address.ts';
import { createSignInLink } from '../runtime/sign-in-link.ts';

export async function run(invocation: Invocation, options: { role: Role; open?: boolean }): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ access, config }) => {
    const server = { ...config.server, ...(await recallAddress(config.dataDir)) };
    const link = await createSignInLink(access, server, options.role, 'cli');
    output.result({ url: link.url, role: options.role, expires_at: new Date(link.expiresAt).toISOString() }, () => link.url);
    if (!output.json)
      output.notice(
        output.colors.dim(`Opens the dashboard once, as ${options.role}, until ${new Date(link.expiresAt).toLocaleTimeString()}.`),
      );
    if (options.open === true) openInBrowser(link.url);
  });
}
