import { copyFile, constants } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Invocation } from '../invocation.ts';
import { openDatabase } from '../runtime/open-database.ts';
import { migrateAll } from '../runtime/migrate-all.ts';
import { loadModules } from '../runtime/parts.ts';
import { Steps } from '../runtime/steps.ts';
import { stepListener } from '../step-lines.ts';

/** Makes the schema as this program needs it, and `.env` from its template where there is none. Run it as often as you like. */
export async function run(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  const wroteEnv = await writeEnv();
  const config = await invocation.config();
  const log = await invocation.log(config, invocation.globals.logLevel === undefined ? { level: 'warn' } : {});
  const steps = new Steps(stepListener(output), log);
  const { adapter, embedded, serverVersion } = await openDatabase({
    config,
    log,
    steps,
    applicationName: 'muster setup',
    startsEmbedded: true,
    onLost: (error) => log.error({ error }, error.message),
  });
  try {
    const report = await migrateAll(adapter, await loadModules(config), steps);
    output.result(
      {
        server_version: serverVersion,
        embedded: embedded !== undefined,
        applied: report.applied,
        versions: report.versions,
        env_file: wroteEnv ? 'written' : 'kept',
      },
      () =>
        [
          report.applied.length === 0 ? 'The schema was up to date.' : `Applied ${report.applied.join(', ')}.`,
          wroteEnv ? 'Wrote .env from its template: every line in it is a comment until you need it.' : 'Kept .env as it is.',
          `Next: ${output.colors.bold('muster up')}`,
        ].join('\n'),
    );
  } finally {
    await adapter.stop();
    await embedded?.stop();
  }
}

/** Never overwrites. */
async function writeEnv(): Promise<boolean> {
  try {
    await copyFile(fileURLToPath(new URL('../../../.env.example', import.meta.url)), '.env', constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
