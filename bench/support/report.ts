import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readResult, type Result } from './results.ts';
import { figureRows } from './table.ts';

const SECTION = /(<!-- results:.*?-->\n).*?(<!-- \/results -->)/s;

/** Every recorded result, by name. */
export async function readResults(root: string): Promise<readonly Result[]> {
  const folder = join(root, 'bench', 'results');
  if (!existsSync(folder)) return [];
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
  const results = await Promise.all(names.toSorted().map((name) => readResult(root, name)));
  return results.filter((result) => result !== undefined);
}

/** The document with its section of results as they are recorded. */
export function withResults(document: string, results: readonly Result[]): string {
  const body = results.length === 0 ? 'Nothing is recorded yet.\n' : results.map(renderResult).join('\n');
  return document.replace(SECTION, (_, head: string, foot: string) => head + body + foot);
}

export async function writeReport(root: string): Promise<void> {
  const file = join(root, 'docs', 'benchmarks.md');
  await writeFile(file, withResults(await readFile(file, 'utf8'), await readResults(root)));
}

function renderResult({ bench, date, seconds, machine, versions, load, figures }: Result): string {
  const [head = [], ...rows] = figureRows(figures);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const postgres = versions.postgres === undefined ? '' : `, PostgreSQL ${versions.postgres}`;
  return `### ${bench}

${line(head)}
|${'---|'.repeat(head.length)}
${rows.map(line).join('\n')}

${date.slice(0, 10)}, ${seconds} s; ${machine.cpu}, ${machine.cores} cores, ${machine.memory_gib} GiB, ${machine.system}; Node ${versions.node}${postgres}, Muster ${versions.commit};
load ${load.before} before, ${load.after} after. Raw values: [${bench}.json](../bench/results/${bench}.json).
`;
}
