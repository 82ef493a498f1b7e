// Installs what package-lock.json names, unless npm has just done it. Runs before anything is installed: node's own modules only.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** @param {string} file @returns {Record<string, { version?: string, integrity?: string, optional?: boolean, link?: boolean }>} */
function packagesOf(file) {
  const lock = /** @type {{ packages: ReturnType<typeof packagesOf> }} */ (JSON.parse(readFileSync(file, 'utf8')));
  return lock.packages;
}

/** Whether node_modules holds exactly what the lockfile names, by the record that npm keeps there. Optional ones may be missing: they are for other machines. */
function isComplete() {
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const there = packagesOf(record);
  const same = (/** @type {string} */ path) =>
    there[path]?.version === wanted[path]?.version && there[path]?.integrity === wanted[path]?.integrity;
  return (
    Object.keys(there).every((path) => same(path) && existsSync(join(root, path))) &&
    Object.entries(wanted).every(([path, entry]) => path === '' || entry.optional === true || same(path))
  );
}

function install() {
  const started = performance.now();
  process.stderr.write('muster: Installing dependencies from package-lock.json (the first time this takes a while)…\n');
  // On a terminal npm shows its own progress; elsewhere its output only matters when it fails.
  const shown = process.stderr.isTTY;
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  // Development packages are needed to build, whatever NODE_ENV says.
  const result = spawnSync(npm, ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', shown ? 'inherit' : 'pipe', shown ? 'inherit' : 'pipe'],
    encoding: 'utf8',
  });
  if (result.status !== 0) {
    if (!shown) process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
    if (result.error !== undefined) process.stderr.write(`muster: ${result.error.message}\n`);
    process.stderr.write('muster: npm could not install the dependencies; what it says is above.\n');
    process.stderr.write(
      'muster: Offline? The first install needs the npm registry. Otherwise mend what it names and run the command again.\n',
    );
    process.exit(69);
  }
  process.stderr.write(`muster: Installed in ${((performance.now() - started) / 1000).toFixed(0)} s.\n`);
}

if (!isComplete()) install();
