import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const PACKAGE = /^(.*\/node_modules\/)((?:@[^/]+\/)?[^/]+)\//;

/** Writes licences.txt: the licence of every package whose code or fonts are in the bundle, as most of them ask for. */
export function licences(): Plugin {
  return {
    name: 'licences',
    apply: 'build',
    async generateBundle() {
      const folders = new Map<string, string>();
      for (const id of this.getModuleIds()) {
        const [, root, name] = PACKAGE.exec(id.replaceAll('\\', '/').replaceAll('\0', '')) ?? [];
        if (root !== undefined && name !== undefined) folders.set(name, join(root, name));
      }
      // Fonts come in by url() in the style sheet and are no modules.
      for (const name of ['@fontsource-variable/geist', '@fontsource-variable/geist-mono'])
        folders.set(name, fileURLToPath(new URL(`../../node_modules/${name}`, import.meta.url)));
      const names = [...folders.keys()].toSorted();
      const texts = await Promise.all(names.map((name) => describe(name, folders.get(name) ?? '')));
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source: texts.join(`\n${'-'.repeat(72)}\n\n`) });
    },
  };
}

async function describe(name: string, folder: string): Promise<string> {
  const { version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string; license: string };
  const file = (await readdir(folder)).find((each) => /^licen[cs]e/i.test(each));
  const text = file === undefined ? '' : `\n${await readFile(join(folder, file), 'utf8')}`;
  return `${name} ${version} (${license})\n${text}`;
}
