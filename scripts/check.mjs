// `npm run check [names]`: everything that can be said about the code without running it. All of it runs, then what is red is shown.
import { spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (/** @type {string} */ name) => join(root, 'node_modules', '.bin', name);

/**
 * @typedef {object} Check
 * @property {string} name
 * @property {string} finds what it finds
 * @property {string[]} command
 * @property {(output: string) => string | undefined} [doubt] why a success is none
 */

/** dependency-cruiser passes over nothing without a word when it cannot load its compiler. @param {string} output */
function cruisedNothing(output) {
  const modules = Number(/(\d+) modules/.exec(output)?.[1] ?? 0);
  return modules > 0 ? undefined : 'It looked at no module.';
}

/** @type {Check[]} */
const CHECKS = [
  { name: 'types', finds: 'type errors in src, test and bench', command: [bin('tsc'), '-p', 'tsconfig.json'] },
  { name: 'types-web', finds: 'type errors in web', command: [bin('tsc'), '--noEmit', '-p', 'web/tsconfig.json'] },
  { name: 'types-scripts', finds: 'type errors in scripts', command: [bin('tsc'), '-p', 'tsconfig.scripts.json'] },
  { name: 'lint', finds: 'likely bugs', command: [bin('oxlint')] },
  { name: 'unused', finds: 'dead code and unused dependencies', command: [bin('knip')] },
  {
    name: 'floors',
    finds: 'imports against the direction of docs/architecture.md',
    command: [bin('depcruise'), '--config', '.dependency-cruiser.mjs', 'src', 'web', 'bench', 'test'],
    doubt: cruisedNothing,
  },
  { name: 'format', finds: 'files that `npm run format` would change', command: [bin('oxfmt'), '--check'] },
  { name: 'shell', finds: 'syntax errors in the launcher', command: ['sh', '-n', 'muster'] },
];

/** @param {Check} check @returns {Promise<{ check: Check, complaint: string | undefined, seconds: number }>} */
function run(check) {
  const began = performance.now();
  return new Promise((resolve) => {
    const [command = '', ...args] = check.command;
    let output = '';
    const done = (/** @type {string | undefined} */ complaint) =>
      resolve({ check, complaint, seconds: (performance.now() - began) / 1000 });
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => done(error.message));
    child.on('close', (code) => done(code === 0 ? check.doubt?.(output) : output.trim() || `exit code ${code}`));
  });
}

const names = process.argv.slice(2);
const unknown = names.filter((name) => !CHECKS.some((check) => check.name === name));
if (unknown.length > 0) {
  console.error(`There is no check ${unknown.join(', ')}. There are:`);
  for (const { name, finds } of CHECKS) console.error(`  ${name.padEnd(15)}${finds}`);
  process.exit(64);
}
const queue = CHECKS.filter(({ name }) => names.length === 0 || names.includes(name));
/** @type {string[]} */
const red = [];
async function work() {
  for (let check = queue.shift(); check !== undefined; check = queue.shift()) {
    const { complaint, seconds } = await run(check);
    console.log(`${complaint === undefined ? 'ok ' : 'RED'}  ${check.name.padEnd(15)}${seconds.toFixed(1)} s`);
    if (complaint !== undefined) red.push(`── ${check.name}: ${check.finds}\n${complaint}\n`);
  }
}
await Promise.all(Array.from({ length: Math.min(cpus().length, 4) }, work));
if (red.length > 0) {
  console.log(`\n${red.join('\n')}`);
  console.log(`${red.length} of the checks ${red.length === 1 ? 'is' : 'are'} red.`);
  process.exitCode = 1;
}
