// Runs a TypeScript module in a process of its own, on a Node that cannot: `node run-typescript.mjs <module.ts> [argument…]`.
import { runnerImport } from 'vite';

const [, , file] = process.argv;
const { module } = await runnerImport(file, {
  root: process.cwd(),
  configFile: false,
  envFile: false,
  logLevel: 'error',
  oxc: { target: 'es2023' },
});
await module.main(process.argv.slice(3));
