import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** `npm exec vite` serves the dashboard with hot reload against a running Muster: MUSTER_URL says where. */
const muster = process.env['MUSTER_URL'] ?? 'http://127.0.0.1:4680';

/** Text is compressed once, here, at the highest level, and not by the server for every visitor. */
function precompress(): Plugin {
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

export default defineConfig({
  root: fileURLToPath(new URL('web', import.meta.url)),
  plugins: [react(), tailwindcss(), precompress()],
  build: {
    outDir: fileURLToPath(new URL('dist/web', import.meta.url)),
    emptyOutDir: true,
    // light-dark() and oklch() reach the browser as written.
    target: ['chrome123', 'edge123', 'firefox128', 'safari17.5'],
    // Fonts and images stay files: the content security policy allows 'self', not data:.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // What changes with a release of Muster apart from what changes with a release of React: returning visitors load the first only.
        codeSplitting: { groups: [{ name: 'vendor', test: /node_modules/ }] },
      },
    },
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': { target: muster, changeOrigin: true } },
  },
});
