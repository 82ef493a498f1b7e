import { join } from 'node:path';
import type { Invocation } from '../invocation.ts';
import { serve } from '../serve.ts';

interface UpOptions {
  readonly port?: number;
  readonly host?: string;
  readonly open: boolean;
  readonly demo?: boolean;
  readonly capacity?: number;
  readonly agents: readonly string[];
  readonly watch?: boolean;
}

/** Everything in one process: database, host, API, dashboard. */
export async function run(invocation: Invocation, { port, host, open, demo, capacity, agents, watch }: UpOptions): Promise<number> {
  const config = await invocation.fullConfig({ port, host, capacity, agents: agents.length === 0 ? undefined : agents });
  return serve(invocation, config, {
    host: true,
    server: true,
    startsEmbedded: true,
    demo: demo === true,
    watch: watch === true,
    opensBrowser: open,
    logFile: join(config.dataDir, 'muster.log'),
  });
}
