import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { messageOf } from '../base/errors.ts';
import type { Finding } from './finding.ts';
import { nearest } from './nearest.ts';
import { VARIABLES, type Variable } from './variables.ts';

const MAX_BYTES = 64 * 1024;

/** The real environment over `.env`, secrets read from their files, and where each value came from. */
export interface Environment {
  readonly values: Readonly<Record<string, string | undefined>>;
  /** How a message names the place a variable was set: `.env:3`, or the variable itself. */
  where(name: string): string;
  /** Set where a `.env` was read. */
  readonly file: string | undefined;
  readonly findings: readonly Finding[];
}

/** The same rules as process.loadEnvFile (the real environment wins), without changing the process. */
export function readEnvironment(processEnvironment: NodeJS.ProcessEnv, cwd: string): Environment {
  const findings: Finding[] = [];
  const text = readBounded(resolve(cwd, '.env'), '.env', findings);
  const fromFile: Record<string, string | undefined> = text === undefined ? {} : parseEnv(text);
  const values: Record<string, string | undefined> = { ...fromFile };
  for (const [name, value] of Object.entries(processEnvironment)) if (value !== undefined) values[name] = value;

  const where = (name: string): string => {
    if (processEnvironment[name] !== undefined || fromFile[name] === undefined) return name;
    const line = (text ?? '').split('\n').findIndex((candidate) => candidate.replace(/^\s*(export\s+)?/, '').startsWith(`${name}=`));
    return line < 0 ? '.env' : `.env:${line + 1}`;
  };

  for (const variable of VARIABLES as readonly Variable[]) {
    if (variable.secret) readSecretFile(variable.name, values, cwd, where, findings);
    // An empty value in .env or a compose file means "not set".
    if (values[variable.name]?.trim() === '') values[variable.name] = undefined;
  }
  findings.push(...unknownVariables(values, where));
  return { values, where, file: text === undefined ? undefined : '.env', findings };
}

function readSecretFile(
  name: string,
  values: Record<string, string | undefined>,
  cwd: string,
  where: (name: string) => string,
  findings: Finding[],
): void {
  const pointer = `${name}_FILE`;
  const path = values[pointer];
  if (path === undefined || path.trim() === '') return;
  if (values[name] !== undefined && values[name] !== '') {
    findings.push({
      severity: 'error',
      where: where(pointer),
      message: `both ${name} and ${pointer} are set`,
      remedy: 'Keep one of them.',
    });
    return;
  }
  const content = readBounded(resolve(cwd, path), path, findings);
  if (content === undefined) {
    if (!findings.some((finding) => finding.where === path))
      findings.push({
        severity: 'error',
        where: where(pointer),
        message: `there is no file ${path}`,
        remedy: `Name an existing file in ${pointer}, or unset it.`,
      });
    return;
  }
  values[name] = content.replace(/\r?\n$/, '');
}

function unknownVariables(values: Readonly<Record<string, string | undefined>>, where: (name: string) => string): Finding[] {
  const known = new Set<string>(
    VARIABLES.flatMap((variable) => ('secret' in variable ? [variable.name, `${variable.name}_FILE`] : [variable.name])),
  );
  return Object.keys(values)
    .filter((name) => name.startsWith('MUSTER_') && !known.has(name))
    .map((name) => {
      const meant = nearest(name, known);
      return {
        severity: 'warning',
        where: where(name),
        message: `${name} is not a variable of Muster and is ignored`,
        remedy: meant === undefined ? 'See docs/reference/configuration.md for those there are.' : `Did you mean ${meant}?`,
      };
    });
}

function readBounded(path: string, name: string, findings: Finding[]): string | undefined {
  try {
    if (statSync(path).size <= MAX_BYTES) return readFileSync(path, 'utf8');
    findings.push({
      severity: 'error',
      where: name,
      message: `is larger than ${MAX_BYTES / 1024} KiB`,
      remedy: 'Check that it is the right file.',
    });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT')
      findings.push({
        severity: 'error',
        where: name,
        message: `cannot be read: ${messageOf(error)}`,
        remedy: 'Make it a readable file, or remove it.',
      });
  }
  return undefined;
}
