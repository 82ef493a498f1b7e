import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isGone, ownProcessKey } from './process-key.ts';

const hasProc = existsSync('/proc/self/stat');

/** The key another process would give itself. */
async function keyOf(pid: number): Promise<string> {
  const own = (await ownProcessKey()) ?? '';
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return own.split('/').toSpliced(2, 2, String(pid), String(started)).join('/');
}

test.skipIf(!hasProc)('a process that lives is not gone, one that was killed is', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const key = await keyOf(child.pid ?? 0);
  expect(await isGone(key)).toBe(false);
  child.kill('SIGSTOP');
  expect(await isGone(key)).toBe(false);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await isGone(key)).toBe(true);
});

test.skipIf(!hasProc)('a pid that was used again is not the process it was', async () => {
  const own = (await ownProcessKey()) ?? '';
  expect(own.split('/')).toHaveLength(4);
  expect(await isGone(own)).toBe(false);
  expect(await isGone(own.replace(/\d+$/, '1'))).toBe(true);
});

test.skipIf(!hasProc)('of another machine or container nothing is certified', async () => {
  const own = (await ownProcessKey()) ?? '';
  expect(await isGone(own.replace(/^[0-9a-f]{8}/, 'ffffffff').replace(/\/\d+\//, '/999999/'))).toBe(false);
  expect(await isGone('not a key')).toBe(false);
});
