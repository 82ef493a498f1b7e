import type { Invocation } from '../invocation.ts';
import { serve } from '../serve.ts';

/** API and dashboard of a fleet whose agents run elsewhere. */
export async function run(invocation: Invocation, { port, host, open }: { port?: number; host?: string; open: boolean }): Promise<number> {
  const config = await invocation.fullConfig({ port, host });
  return serve(invocation, config, {
    host: false,
    server: true,
    startsEmbedded: false,
    demo: false,
    watch: false,
    opensBrowser: open,
    logFile: undefined,
  });
}
