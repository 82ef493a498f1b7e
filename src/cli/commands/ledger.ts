import { nearest } from '../../config/nearest.ts';
import { RUN_OUTCOMES } from '../../state/runs.ts';
import { usage, type Invocation } from '../invocation.ts';
import { runDocument, runTable, termDocument, termList } from '../ledger-tables.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { requireAgent } from './agents.ts';

const MOST = 1_000;

/** `agents runs`: what an agent did. */
export async function runs(invocation: Invocation, options: { last: number; outcome?: string }, id: string): Promise<void> {
  const outcome = options.outcome === undefined ? undefined : RUN_OUTCOMES.find((each) => each === options.outcome);
  if (options.outcome !== undefined && outcome === undefined) {
    const meant = nearest(options.outcome, RUN_OUTCOMES);
    throw usage(
      `--outcome "${options.outcome}" is none of ${RUN_OUTCOMES.join(', ')}`,
      meant === undefined ? `Use one of ${RUN_OUTCOMES.join(', ')}.` : `Did you mean ${meant}?`,
    );
  }
  await withFleet(invocation, async ({ state, now }) => {
    const { agentId } = await requireAgent(state, id);
    const filter = { agentId, ...(outcome === undefined ? {} : { outcome }) };
    const { items } = await state.ledger.runs.list(filter, { limit: Math.min(Math.max(options.last, 1), MOST) });
    const at = await now();
    invocation.output.result({ items: items.map(runDocument) }, () =>
      items.length === 0 ? 'No runs.' : runTable(items, at, invocation.output),
    );
  });
}

/** `agents history`: which hosts held it, and why it moved. */
export async function history(invocation: Invocation, options: { last: number }, id: string): Promise<void> {
  await withFleet(invocation, async ({ state, now }) => {
    const { agentId } = await requireAgent(state, id);
    const { items } = await state.ledger.terms.list(agentId, { limit: Math.min(Math.max(options.last, 1), MOST) });
    const at = await now();
    invocation.output.result({ items: items.map(termDocument) }, () =>
      items.length === 0 ? 'No host has held it yet.' : termList(items, at, invocation.output),
    );
  });
}
