import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

/** Text is compressed once, here, at the highest level, and not by the server for every visitor. */
export function precompress(): Plugin {
  let folder: string;
  return {
    name: 'precompress',
    apply: 'build',
    configResolved(config) {
      folder = config.build.outDir;
    },
    async closeBundle() {
      const files = await readdir(folder, { recursive: true });
      await Promise.all(
        files
          .filter((file) => /\.(html|js|css|svg)$/.test(file))
          .map(async (file) => {
            const path = join(folder, file);
            const content = await readFile(path);
            await Promise.all([
              writeFile(`${path}.br`, await promisify(brotliCompress)(content)),
              writeFile(`${path}.gz`, await promisify(gzip)(content, { level: 9 })),
            ]);
          }),
      );
    },
  };
}
