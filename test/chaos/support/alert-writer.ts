import { randomUUID } from 'node:crypto';
import { PostgresAdapter } from '../../../src/db/adapter.ts';
import { sql } from '../../../src/db/sql.ts';
import { enqueue } from '../../../src/modules/alerting/delivery/notification.ts';

const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('killed');
};

/** Makes alerts for ever, each with its message in one transaction; dies right before or right after the commit of the nth. */
export async function main([url = '', point = '', nth = '0']: readonly string[]): Promise<void> {
  const database = new PostgresAdapter({ url, poolMax: 2, poolMin: 0, applicationName: 'muster chaos writer' });
  await database.start();
  for (let n = 1; ; n += 1) {
    const fatal = n === Number(nth);
    await writeAlert(database, () => {
      if (fatal && point === 'before insert') die();
    });
    if (fatal && point === 'after insert') die();
    await hint(database);
  }
}

/** One alert with its message. The table `transitions` is what must have been told. */
export async function writeAlert(database: PostgresAdapter, beforeCommit: () => void = () => undefined): Promise<void> {
  const alertId = randomUUID();
  await database.transaction(async (tx) => {
    await tx.query(sql`insert into public.transitions (alert_id) values (${alertId})`);
    await enqueue(tx, [
      { channel: 'ops', kind: 'firing', level: 'critical', alertId, seq: 1, document: { title: `alert ${alertId}`, text: 'It fires.' } },
    ]);
    beforeCommit();
  });
}

export async function hint(database: PostgresAdapter): Promise<void> {
  await database.query(sql`select pg_notify('muster', 'notifications')`);
}
