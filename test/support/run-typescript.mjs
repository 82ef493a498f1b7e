// Runs a TypeScript module in a process of its own, on a Node that cannot: `node run-typescript.mjs <module.ts> [argument…]`.
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';

register('./typescript-loader.mjs', import.meta.url);
const [, , file = ''] = process.argv;
const module = await import(pathToFileURL(file).href);
await module.main(process.argv.slice(3));
