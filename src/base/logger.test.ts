import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MusterError } from './errors.ts';
import { createLogger, type Logger } from './logger.ts';

let folder: string;
let log: Logger;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-log-'));
  log = createLogger({ file: join(folder, 'sub', 'muster.log') });
});
afterEach(() => rmSync(folder, { recursive: true }));

async function lines(count: number): Promise<readonly Record<string, unknown>[]> {
  const read = (): string[] => {
    try {
      return readFileSync(join(folder, 'sub', 'muster.log'), 'utf8')
        .trimEnd()
        .split('\n');
    } catch {
      return []; // not written yet
    }
  };
  await vi.waitFor(() => expect(read()).toHaveLength(count));
  return read().map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('a line tells its level by name, its time and its fields', async () => {
  log.child({ agent_id: 'a' }).warn({ runs: 3 }, 'slow');
  expect(await lines(1)).toEqual([{ level: 'warn', time: expect.stringMatching(/^\d{4}-.*Z$/), agent_id: 'a', runs: 3, msg: 'slow' }]);
});

test('secrets do not reach it', async () => {
  log.info({ password: 'p', nested: { token: 't', kept: 1 } }, 'signed in');
  expect(await lines(1)).toMatchObject([{ password: '[redacted]', nested: { token: '[redacted]', kept: 1 } }]);
});

test('an error for people comes with its remedy and without a stack, any other with its stack', async () => {
  log.error({ err: new MusterError('PORT_TAKEN', 'port 80 is taken', { cause: new Error('EADDRINUSE') }) }, 'no');
  log.error({ error: new TypeError('a bug') }, 'no');
  const [known, bug] = await lines(2);
  expect(known?.['err']).toEqual({
    code: 'PORT_TAKEN',
    message: 'port 80 is taken',
    remedy: expect.any(String),
    data: {},
    cause: 'EADDRINUSE',
  });
  expect(bug?.['error']).toMatchObject({ type: 'TypeError', message: 'a bug', stack: expect.stringContaining('logger.test.ts') });
});
