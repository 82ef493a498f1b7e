// Runs in a process of its own, made by examine(): loads one bundle and says on descriptor 3 what agent it is.
import { writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { ERRORS, isMusterError, messageOf } from '../../base/errors.ts';
import { parseConfig } from '../config.ts';
import { definitionOf } from './definition-of.ts';
import type { Verdict } from './examine.ts';
import { manifestOf } from './manifest.ts';

async function judge(file: string, config: Readonly<Record<string, unknown>> | null): Promise<Verdict> {
  let exported: unknown;
  try {
    exported = ((await import(pathToFileURL(file).href)) as { readonly default?: unknown }).default;
  } catch (error) {
    if (isMusterError(error)) return faultOf(error);
    return {
      fault: {
        code: 'AGENT_INVALID',
        message: `loading it throws: ${messageOf(error)}`,
        remedy: 'Mend the file: nothing at its top may throw.',
        data: {},
      },
    };
  }
  try {
    const definition = definitionOf(exported);
    if (config !== null) parseConfig(definition, config);
    return { manifest: manifestOf(definition) };
  } catch (error) {
    return faultOf(error);
  }
}

function faultOf(error: unknown): Verdict {
  return isMusterError(error)
    ? { fault: { code: error.code, message: error.message, remedy: error.remedy, data: error.data } }
    : { fault: { code: 'AGENT_INVALID', message: messageOf(error), remedy: ERRORS.AGENT_INVALID.remedy, data: {} } };
}

const [, , file = '', config = 'null'] = process.argv;
const verdict = await judge(file, JSON.parse(config) as Readonly<Record<string, unknown>> | null);
writeSync(3, JSON.stringify(verdict));
// Timers and sockets that the file left open are not waited for.
process.exit(0);
