import type { Invocation } from '../invocation.ts';
import { databaseUrl } from '../runtime/fleet-access.ts';

/** For psql and other tools: `psql "$(muster db url)"`. It holds the password. */
export async function url(invocation: Invocation): Promise<void> {
  const found = await databaseUrl(await invocation.config());
  invocation.output.result({ url: found.url, embedded: found.embedded }, () => found.url);
}
