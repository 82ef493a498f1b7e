import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'web/**/*.test.{ts,tsx}', 'bench/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**'],
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/leaks.ts'],
    pool: 'forks',
    // Many tests wait more than they work: a third one uses two cores to the full.
    maxWorkers: 3,
    // Against what hangs; how long something may take is no matter of a test.
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
