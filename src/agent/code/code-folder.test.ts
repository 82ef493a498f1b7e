import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hashOf } from './bundle.ts';
import { CodeFolder } from './code-folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-code-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const piece = (code: string): { readonly code: string; readonly hash: string } => ({ code, hash: hashOf(code) });
const keep = async (code: string): Promise<string> => fileURLToPath(await new CodeFolder(folder).keep(piece(code)));

test('code is whole under its hash, and nobody else’s to read or write', async () => {
  const file = await keep('export default 1;');
  expect(readFileSync(file, 'utf8')).toBe('export default 1;');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
  expect(existsSync(join(dirname(file), 'node_modules', 'muster-agents', 'package.json'))).toBe(true);
});

test('hosts that share a folder keep the same code at once', async () => {
  const files = await Promise.all(Array.from({ length: 8 }, () => keep('export default 2;')));
  expect(new Set(files).size).toBe(1);
  expect(readFileSync(files[0] ?? '', 'utf8')).toBe('export default 2;');
});

test('a file that was changed is put right before it is used again', async () => {
  const file = await keep('export default 3;');
  writeFileSync(file, 'export default "evil";');
  await keep('export default 3;');
  expect(readFileSync(file, 'utf8')).toBe('export default 3;');
});

test('of code that nobody has used for a month, the newest 64 are kept', async () => {
  const files: string[] = [];
  for (let n = 0; n < 66; n += 1) {
    const file = await keep(`export default "old ${n}";`);
    files.push(file);
    const daysAgo = new Date(Date.now() - (200 - n) * 86_400_000);
    utimesSync(file, daysAgo, daysAgo);
  }
  await keep('export default "new";');
  expect(files.map((file) => existsSync(file)).lastIndexOf(false)).toBe(2);
  expect(files.filter((file) => existsSync(file))).toHaveLength(63);
});
