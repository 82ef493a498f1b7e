import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, messageOf, MusterError } from '../../base/errors.ts';
import { noWake } from '../../base/wake.ts';
import { intakeOf } from '../../modules/traces/intake/index.ts';
import { FailedRequest, replay, type Replayed } from '../../modules/traces/replay/replay.ts';
import type { Invocation } from '../invocation.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { printable } from '../table.ts';
import { plural } from '../wording.ts';

/** A file holds one request of at most 64 MiB, a third larger in base64. */
const LARGEST_FILE = 90 * 1_048_576;

interface Outcome extends Replayed {
  readonly file: string;
  /** Why it could not be taken; null where it was. */
  readonly error: string | null;
}

/** Takes what LangSmith's SDKs wrote to LANGSMITH_FAILED_TRACES_DIR. A file that cannot be taken costs no other; all may be given again. */
export async function run(invocation: Invocation, options: { readonly remove?: boolean }, paths: readonly string[]): Promise<number> {
  const { output } = invocation;
  const files = (await Promise.all(paths.map(filesAt))).flat();
  if (files.length === 0) throw new MusterError('USAGE', `there is no .json file in ${paths.map(printable).join(', ')}`);
  const outcomes = await withFleet(invocation, async ({ state, wake, log }) => {
    const intake = intakeOf({ state, wake: { ...noWake, hint: wake.hint }, log });
    const all: Outcome[] = [];
    for (const [index, file] of files.entries()) {
      const outcome = await take(file, (request) => replay(intake, request, null));
      if (outcome.error === null && options.remove === true) await rm(file);
      all.push(outcome);
      output.notice(`${index + 1} of ${files.length}  ${printable(file)}  ${said(outcome)}`);
    }
    await intake.stop();
    return all;
  });
  const failed = outcomes.filter(({ error }) => error !== null);
  const [taken, refused] = [sum(outcomes, 'taken'), sum(outcomes, 'refused')];
  output.result({ files: files.length, failed: failed.length, taken, refused, items: outcomes }, () =>
    [
      `${taken} runs and scores were taken from ${files.length - failed.length} of ${plural(files.length, 'file')}.`,
      ...(refused === 0 ? [] : [`${refused} ${refused === 1 ? 'was' : 'were'} refused: see \`muster traces quarantine\`.`]),
      ...(failed.length === 0
        ? []
        : [`${plural(failed.length, 'file')} could not be taken; the others need not be given again, and may be.`]),
    ].join('\n'),
  );
  return failed.length === 0 ? EXIT.ok : EXIT.dataFormat;
}

/** A file, or those of a folder that end in .json, oldest name first. */
async function filesAt(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch((error: unknown) => {
    throw new MusterError('USAGE', `${printable(path)} cannot be read: ${messageOf(error)}`);
  });
  if (!found.isDirectory()) return [path];
  return (await readdir(path))
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .map((name) => join(path, name));
}

async function take(file: string, work: (request: FailedRequest) => Promise<Replayed>): Promise<Outcome> {
  try {
    const { size } = await stat(file);
    if (size > LARGEST_FILE) throw new MusterError('TOO_LARGE', `it has ${size} bytes; ${LARGEST_FILE} are read`);
    const request = FailedRequest.safeParse(JSON.parse(await readFile(file, 'utf8')));
    if (!request.success) throw new MusterError('MALFORMED', 'it is no request that an SDK wrote down');
    return { file, ...(await work(request.data)), error: null };
  } catch (error) {
    // Without a database no file can be taken: the next would only wait as long.
    if (error instanceof MusterError && error.code.startsWith('DATABASE_')) throw error;
    return { file, taken: 0, refused: 0, error: messageOf(error) };
  }
}

const said = ({ error, taken, refused }: Outcome): string =>
  error === null ? `${taken} taken${refused === 0 ? '' : `, ${refused} refused`}` : `not taken: ${error}`;

const sum = (outcomes: readonly Outcome[], field: 'taken' | 'refused'): number => outcomes.reduce((all, one) => all + one[field], 0);
