import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { durationMs } from '../../base/duration.ts';
import { messageOf } from '../../base/errors.ts';
import { activateSlot, requireSlot } from '../../fleet/index.ts';
import { usage, type Invocation } from '../invocation.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { printable } from '../table.ts';
import { requireAgent } from './agents.ts';
import { registerFile } from './implementations.ts';
import { comeTrue, report } from './steer.ts';

interface Waiting {
  readonly timeout: string;
  readonly wait: boolean;
}

interface ActivateOptions extends Waiting {
  readonly implementation: string;
  readonly name?: string;
  readonly config?: string;
}

/** Registers the file, where it is one, and lets the slot run it. */
export async function activate(invocation: Invocation, options: ActivateOptions, id: string): Promise<number> {
  const timeoutMs = durationMs(options.timeout);
  const given = options.config === undefined ? undefined : await configuration(options.config);
  const file = isFile(options.implementation) ? resolve(options.implementation) : undefined;
  if (file === undefined && options.name !== undefined) throw usage('--name is for a file that is registered', 'Leave it out.');
  return withFleet(invocation, async (fleet) => {
    const slot = await requireAgent(fleet.state, id);
    requireSlot(slot);
    let named = options.implementation;
    if (file !== undefined) {
      const registered = await registerFile(fleet.state, file, {
        name: options.name,
        // Judged before anything is stored.
        config: given,
      });
      named = registered.name;
      if (!invocation.output.json)
        invocation.output.notice(invocation.output.colors.dim(`Registered ${printable(named)}@${registered.hash.slice(0, 12)}.`));
    }
    const active = await activateSlot(fleet.state, slot, named, given);
    return report(invocation, [await comeTrue(fleet, active, 'active', options.wait ? timeoutMs : undefined)]);
  });
}

export async function deactivate(invocation: Invocation, options: Waiting, ids: readonly string[]): Promise<number> {
  const timeoutMs = durationMs(options.timeout);
  return withFleet(invocation, async (fleet) => {
    for (const id of ids) requireSlot(await requireAgent(fleet.state, id));
    const outcomes = ids.map(async (id) => {
      const { agentId } = await requireAgent(fleet.state, id);
      const freed = await fleet.state.agents.setState(agentId, 'inactive');
      return comeTrue(fleet, freed, 'inactive', options.wait ? timeoutMs : undefined);
    });
    return report(invocation, await Promise.all(outcomes));
  });
}

const isFile = (text: string): boolean => /[\\/]|\.[cm]?[jt]s$/.test(text) || existsSync(text);

async function configuration(text: string): Promise<Readonly<Record<string, unknown>>> {
  const remedy = `Write it as --config '{"limit": 5}', or name a file: --config @config.json.`;
  let value: unknown;
  try {
    value = JSON.parse(text.startsWith('@') ? await readFile(text.slice(1), 'utf8') : text);
  } catch (error) {
    throw usage(`--config cannot be read: ${messageOf(error)}`, remedy);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw usage('--config is not a JSON object', remedy);
  return value as Readonly<Record<string, unknown>>;
}
