// `node --import …/record-imports.mjs program`: writes every module that the program loads to $RECORD_IMPORTS, a line each.
import { appendFileSync } from 'node:fs';
import { register } from 'node:module';

export async function load(url, context, nextLoad) {
  appendFileSync(process.env.RECORD_IMPORTS, `${url}\n`);
  return nextLoad(url, context);
}

if (process.env.RECORD_IMPORTS_HOOKED !== '1') {
  process.env.RECORD_IMPORTS_HOOKED = '1';
  register(import.meta.url);
}
