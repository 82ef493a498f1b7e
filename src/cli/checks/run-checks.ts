import { messageOf } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import type { Finding } from '../../config/finding.ts';
import { asMusterError } from '../print-error.ts';
import { databaseUrl, openAdapter } from '../runtime/fleet-access.ts';
import { silentLogger } from '../../base/logger.ts';
import { fail, note, type DatabaseCheckContext } from './check.ts';
import { checkDatabase } from './database.ts';
import { checkFleet } from './fleet.ts';
import { checkDataFolder, checkDisk, checkMemory, checkNode, checkPort, checkUser } from './machine.ts';

/** Node, memory, disk, folder, port, user. */
export async function machineFindings(config: Config): Promise<readonly Finding[]> {
  return [
    checkNode(),
    checkUser(),
    checkMemory(),
    await checkDisk({ config }),
    await checkDataFolder({ config }),
    await checkPort({ config }),
  ];
}

/** Database and fleet, and `more` on the same connection. A database that cannot be reached is one finding, not an end. */
export async function databaseFindings(
  config: Config,
  version: string,
  more: (context: DatabaseCheckContext) => Promise<readonly Finding[]> = () => Promise.resolve([]),
): Promise<readonly Finding[]> {
  let target: { readonly url: string; readonly embedded: boolean };
  try {
    target = await databaseUrl(config);
  } catch (error) {
    return [note('database', `${messageOf(error)}: it was not checked`, asMusterError(error).remedy)];
  }
  try {
    await using database = openAdapter(config, target.url, silentLogger, { poolMax: 3, poolMin: 0, applicationName: 'muster doctor' });
    await database.start();
    const context: DatabaseCheckContext = { config, database, embedded: target.embedded };
    const findings = [...(await checkDatabase(context))];
    if (findings.every(({ where, severity }) => where !== 'schema' || severity === 'ok'))
      findings.push(...(await checkFleet(context, version)));
    return [...findings, ...(await more(context))];
  } catch (error) {
    const failure = asMusterError(error);
    return [fail('database', failure.message, failure.remedy)];
  }
}
