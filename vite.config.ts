import { fileURLToPath } from 'node:url';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { licences } from './web/build/licences.ts';
import { precompress } from './web/build/precompress.ts';

/** `npm exec vite` serves the dashboard with hot reload against a running Muster: MUSTER_URL says where. */
const muster = process.env['MUSTER_URL'] ?? 'http://127.0.0.1:4680';

export default defineConfig({
  root: fileURLToPath(new URL('web', import.meta.url)),
  plugins: [react(), tailwindcss(), licences(), precompress()],
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
    // As if the page came from there: writes are taken from pages of the server's own origin only.
    proxy: { '/api': { target: muster, changeOrigin: true, headers: { origin: muster } } },
  },
});
