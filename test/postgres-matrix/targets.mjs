// The servers that the database tests run against besides the embedded 18; each is a value of MUSTER_TEST_POSTGRES.
export const targets = ['embedded:14', 'embedded:15', 'embedded:16', 'embedded:17', 'debian:15'];

// What is passed to vitest as its filter: the files that talk to whatever server the run has.
export const filters = ['.pg.test.ts'];
