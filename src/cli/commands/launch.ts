import { parseLabels } from '../../config/read-variables.ts';
import { usage, type Invocation } from '../invocation.ts';
import { serve } from '../serve.ts';

/** One more host for a fleet: agents only, no port. */
export async function run(
  invocation: Invocation,
  options: { capacity?: number; label: readonly string[]; agents: readonly string[]; watch?: boolean },
): Promise<number> {
  const labels = options.label.length === 0 ? undefined : parseLabels(options.label);
  if (typeof labels === 'string') throw usage(`--label: ${labels}`, 'Write it as --label zone=a; repeat --label for more.');
  const config = await invocation.fullConfig({
    capacity: options.capacity,
    labels,
    agents: options.agents.length === 0 ? undefined : options.agents,
  });
  return serve(invocation, config, {
    host: true,
    server: false,
    startsEmbedded: false,
    demo: false,
    watch: options.watch === true,
    opensBrowser: false,
    logFile: undefined,
  });
}
