// `./muster bench`: compiles bench/ and src/ as they are, then runs bench/run.ts.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const built = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs'), 'bench'], { stdio: 'inherit' });
if (built.status !== 0) process.exit(built.status ?? 70);
await import(pathToFileURL(join(root, '.cache', 'bench', 'bench', 'run.js')).href);
