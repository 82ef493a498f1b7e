import { spawn } from 'node:child_process';
import { extname } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { BenchContext } from './bench.ts';
import type { Load, LoadReport } from './http-load.ts';

/** Runs a load in a process of its own and gives back what it saw. */
export async function runLoad(ctx: BenchContext, load: Load): Promise<LoadReport> {
  const program = new URL(`./http-load${extname(import.meta.url)}`, import.meta.url);
  const child = spawn(process.execPath, [fileURLToPath(program), JSON.stringify(load)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    signal: ctx.signal,
  });
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('exit', resolve);
    child.once('error', reject);
  });
  const [report, code] = await Promise.all([text(child.stdout), exited]);
  if (code !== 0) throw new Error(`the client ended with ${code}`);
  return JSON.parse(report) as LoadReport;
}
