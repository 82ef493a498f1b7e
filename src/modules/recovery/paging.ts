import type { Transaction } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { enqueue } from '../alerting/index.ts';
import type { Run } from './runs.ts';

/** Tells every channel that is on, with the transaction that stops the action: people have to look now. */
export async function pageStopped(tx: Transaction, run: Run, reason: string): Promise<number> {
  const { rows } = await tx.query<{ name: string }>(sql`select name from muster.channels where enabled`);
  const ids = await enqueue(
    tx,
    rows.map(({ name }) => ({
      channel: name,
      kind: 'escalated',
      level: 'critical',
      document: {
        title: `Healing stopped: ${run.action} did not help ${run.target} twice`,
        text: `${reason}\nNothing more is tried until somebody looks. To let it go on: muster recovery resume ${run.action}`,
        details: { action: run.action, target: run.target, run_id: run.run_id, rule: run.rule, alert_id: run.alert_id },
      },
    })),
  );
  return ids.length;
}
