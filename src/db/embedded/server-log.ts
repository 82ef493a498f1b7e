import { copyFile, stat, truncate } from 'node:fs/promises';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';

const LIMIT_BYTES = 10 * 1024 * 1024;
const CHECK_EVERY_MS = 60_000;

/** Keeps a log at 10 MB and one older file: whoever writes it does so through a descriptor opened for appending, so the file is copied and emptied. */
export function boundLog(file: string, log: Logger): { stop(): void } {
  const timer = setInterval(() => {
    rotate(file).catch((error: unknown) => log.warn({ error: messageOf(error), file }, 'a log could not be rotated'));
  }, CHECK_EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

/** Returns whether it was large enough. */
export async function rotate(file: string, limit = LIMIT_BYTES): Promise<boolean> {
  if ((await stat(file)).size <= limit) return false;
  await copyFile(file, `${file}.1`);
  await truncate(file);
  return true;
}
