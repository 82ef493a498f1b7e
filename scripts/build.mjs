// Builds the named parts: server (src → dist), web (web → dist/web), bench (src and bench → .cache/bench).
// --strict: a part that does not build is an error also where that part is the dashboard. --release: strict, types checked, from nothing.
// Types are not checked here unless --release asks: `npm run check` does that, and a first start need not wait for it.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (/** @type {string[]} */ ...path) => join(root, 'node_modules', ...path);
const TSC = bin('@typescript', 'native', 'bin', 'tsc');
const VITE = bin('vite', 'bin', 'vite.js');

/** Runs a program of node's in the checkout; what it prints is shown only when it fails. @param {string[]} args @returns {Promise<void>} */
function run(...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1' } });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(output.trim() === '' ? `exit code ${code}` : output.trim()))));
  });
}

/** @param {string} folder @param {(path: string) => boolean} wanted @returns {string[]} paths relative to the folder */
function filesIn(folder, wanted) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, folder).length + 1))
    .filter(wanted);
}

/** @param {string} from @param {string} to */
function copySql(from, to) {
  for (const path of filesIn(from, (name) => name.endsWith('.sql'))) {
    mkdirSync(dirname(join(root, to, path)), { recursive: true });
    cpSync(join(root, from, path), join(root, to, path));
  }
}

/** Takes away what an earlier build left of sources that are gone. @param {string} from @param {string} to @param {string} [except] a folder of another part */
function prune(from, to, except) {
  const sources = new Set(filesIn(from, () => true).map((path) => path.replace(/\.ts$/, '')));
  const left = filesIn(to, (path) => /\.(js|js\.map|d\.ts|sql)$/.test(path) && (except === undefined || !path.startsWith(except + sep)));
  for (const path of left) {
    const source = path.endsWith('.sql') ? path : path.replace(/\.(js|js\.map|d\.ts)$/, '');
    if (!sources.has(source)) rmSync(join(root, to, path));
  }
}

/** Marks a part as built from what was there when the build began, so that an edit meanwhile counts as newer. @param {string} name @param {number} began */
function stamp(name, began) {
  const path = join(root, 'dist', `.built-${name}`);
  writeFileSync(path, '');
  utimesSync(path, began / 1000, began / 1000);
}

const release = process.argv.includes('--release');
const strict = release || process.argv.includes('--strict');

/** @type {Record<string, () => Promise<void>>} */
const PARTS = {
  async server() {
    const began = Date.now();
    await run(TSC, '-p', 'tsconfig.build.json', ...(release ? ['--sourceMap', 'false'] : ['--noCheck']));
    copySql('src', 'dist');
    prune('src', 'dist', 'web');
    stamp('server', began);
  },
  async web() {
    const began = Date.now();
    await run(VITE, 'build', '--logLevel', 'warn');
    stamp('web', began);
  },
  async bench() {
    await run(TSC, '-p', 'tsconfig.bench.json', '--noCheck');
    copySql('src', join('.cache', 'bench', 'src'));
  },
};

const names = process.argv.slice(2).filter((name) => !name.startsWith('--'));
const started = performance.now();
process.stderr.write(`muster: Building ${names.join(' and ')}…\n`);
if (release) rmSync(join(root, 'dist'), { recursive: true, force: true });
const results = await Promise.allSettled(names.map((name) => PARTS[name]?.() ?? Promise.reject(new Error('there is no such part'))));
let broken = false;
for (const [index, result] of results.entries()) {
  if (result.status === 'fulfilled') continue;
  // A broken dashboard must not keep anybody from the commands that need none.
  if (names[index] === 'web' && !strict)
    process.stderr.write('muster: The dashboard does not build, so it is as it was; `npm run build` says why.\n');
  else {
    broken = true;
    process.stderr.write(`${/** @type {Error} */ (result.reason).message}\nmuster: ${names[index]} does not build; why is above.\n`);
  }
}
if (broken) process.exit(70);
process.stderr.write(`muster: Built in ${((performance.now() - started) / 1000).toFixed(1)} s.\n`);
