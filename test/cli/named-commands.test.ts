import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What the launcher of a checkout does itself. */
const OF_THE_LAUNCHER = new Set(['test', 'bench', 'build', 'check', 'dev', 'mcp']);

test('every command that documents, remedies and pages name is there, with its options', () => {
  const program = buildProgram();
  const named = [...filesIn('docs', /\.md$/), 'README.md', ...filesIn('src', /(?<!\.test)\.ts$/), ...filesIn('web/src', /\.tsx?$/)].flatMap(
    (file) => commandsIn(readFileSync(join(ROOT, file), 'utf8')).map((line) => ({ file, line })),
  );
  expect(named.length).toBeGreaterThan(200);
  expect(
    named.flatMap(({ file, line }) => {
      const wrong = whatIsWrong(program, line);
      return wrong === undefined ? [] : [`${file}: muster ${line}: ${wrong}`];
    }),
  ).toEqual([]);
});

test('a command that is not there is found', () => {
  const program = buildProgram();
  expect(whatIsWrong(program, 'gateway savings --since 7d')).toBeUndefined();
  expect(whatIsWrong(program, 'gateway spendings')).toBe('there is no spendings');
  expect(whatIsWrong(program, 'gateway limit "*" --usd-per-year 5')).toBe('there is no --usd-per-year');
  expect(commandsIn('Run `muster gateway limit` or\n```sh\n$ ./muster gateway savings\n```\n<code>muster keys</code>')).toEqual([
    'gateway limit',
    'gateway savings',
    'keys',
  ]);
});

function filesIn(folder: string, name: RegExp): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length));
}

/** In backticks, in `<code>`, or alone on a line; not what connections and locks are called, which is made of values. */
const commandsIn = (text: string): readonly string[] =>
  [...text.matchAll(/(?:`|<code>|^\$? *)(?:\.\/)?muster ([a-z][^`<\n]*)/gm)]
    .map(([, line = '']) => line.trim())
    .filter((line) => !/\$\{|#…/.test(line));

function whatIsWrong(program: Command, line: string): string | undefined {
  const words = line.split(/\s+/);
  if (OF_THE_LAUNCHER.has(words[0] ?? '')) return undefined;
  let command = program;
  for (const word of words) {
    if (!/^[a-z][a-z-]*$/.test(word) || command.commands.length === 0) break;
    const next = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (next === undefined) return word === 'help' ? undefined : `there is no ${word}`;
    command = next;
  }
  for (const [option] of line.matchAll(/(?<=\s)--[a-z][a-z-]+/g)) {
    const isThere = [command, program].some(({ options }) => options.some(({ long }) => long === option));
    if (!isThere && option !== '--help') return `there is no ${option}`;
  }
  return undefined;
}
