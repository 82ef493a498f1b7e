import { defineConfig } from 'vitest/config';

// Vitest hears an --exclude only where it has no projects.
const leftOut = (process.env['MUSTER_TEST_EXCLUDE'] ?? '').split(',').filter((pattern) => pattern !== '');
const exclude = ['**/node_modules/**', 'dist/**', ...leftOut];

/** What goes through the tables of one database, in the process of the test. Whole hosts, programs and browsers are `system`. */
const besideTables = ['test/{alerting,conformance,db,server,traces}/**/*.pg.test.ts'];

export default defineConfig({
  test: {
    setupFiles: ['test/support/leak-check.ts'],
    pool: 'forks',
    // Many tests wait more than they work: a third one uses two cores to the full.
    maxWorkers: 3,
    // Against what hangs; how long something may take is no matter of a test, and less so where the machine has other work.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 40_000 } },
    // By their names the long ones run first, and the many short ones fill the end.
    projects: [
      {
        extends: true,
        test: {
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude: [...exclude, ...besideTables],
          globalSetup: ['test/support/global-setup.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'tables',
          include: ['{src,bench}/**/*.pg.test.ts', ...besideTables],
          exclude,
          globalSetup: ['test/support/global-setup.ts'],
          // They share processes: a third of the processor time went into importing the same again for each file.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{src,bench}/**/*.test.ts', 'web/**/*.test.{ts,tsx}'],
          exclude: [...exclude, '**/*.pg.test.ts'],
          // They share processes too: to start one and to import takes longer than they do. Each gives back what it takes.
          isolate: false,
        },
      },
    ],
  },
});
