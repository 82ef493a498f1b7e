import { expect, it } from 'vitest';
import { silentLogger } from '../../../base/logger.ts';
import type { Database } from '../../../db/database.ts';
import type { Sql } from '../../../db/sql.ts';
import { CurrentSettings } from './current.ts';

it('a change that is told of while the settings are read is known to whoever asks next', async () => {
  let rate = 1;
  let release: () => void = () => undefined;
  let held: Promise<void> | undefined = new Promise((resolve) => (release = resolve));
  const query = async ({ text }: Sql) => {
    const rows = [
      { topic: 'sampling', value: { rate } },
      { topic: 'redaction', value: { pseudonyms: [] } },
    ];
    await held;
    return text.includes('from muster.trace_settings') ? { rows, count: 2 } : { rows: [], count: 0 };
  };
  const database = { query, one: async () => ({ last: '0' }) } as unknown as Database;
  let change: () => void = () => undefined;
  const wake = { on: (_topic: string, listener: () => void) => ((change = listener), () => undefined) };
  const settings = new CurrentSettings({ database, secrets: {} as never }, wake, silentLogger);
  const reading = settings.fresh();
  rate = 0.5;
  change();
  const next = settings.fresh();
  held = undefined;
  release();
  await Promise.all([reading, next]);
  expect(settings.of().sampling.rate).toBe(0.5);
});
