// The servers that the database tests run against besides the embedded 18, and what vitest is told to run there. Each target is a
// value of MUSTER_TEST_POSTGRES.

// The oldest takes every test that has a database: what changed between it and the 18 shows there. The others take those that are
// about SQL; how a fleet of hosts behaves rests on that. That a wrong model of the store is told from a server is about the model:
// on the 18 alone.
const all = ['.pg.test.ts', '--exclude=test/conformance/model/flaws.pg.test.ts'];
const aboutSql = [...all, '--exclude=test/fleet/**', '--exclude=test/cli/**'];

/** @type {ReadonlyMap<string, readonly string[]>} */
export const targets = new Map([
  ['embedded:14', all],
  ['embedded:15', aboutSql],
  ['embedded:16', aboutSql],
  ['embedded:17', aboutSql],
  ['debian:15', aboutSql],
]);
