import { ERRORS, EXIT } from '../../../src/base/errors.ts';
import { GENERATED, table } from './markdown.ts';

const EXIT_MEANING: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'It did what was asked.',
  failure: 'It ran, and the answer is no: something was not found, an agent did not start, a check failed.',
  usage: 'The command line is not understood.',
  dataFormat: 'What was given cannot be used.',
  unavailable: 'The database cannot be reached, or is too busy.',
  internal: 'A bug.',
  cannotCreate: 'The data folder cannot be made or written.',
  ioError: 'Reading or writing failed.',
  noPermission: 'A right is missing.',
  config: 'The configuration is not valid.',
  portTaken: 'The port is taken.',
  dataFolderInUse: 'Another process uses the data folder.',
  dataFolderVersion: 'The data folder is of another PostgreSQL version.',
  schemaNewer: 'The schema is newer than the program.',
  serverTooOld: 'The PostgreSQL server is too old.',
  migrationFailed: 'A migration failed, or has not run.',
  databaseAuth: 'The database refuses the user or password.',
  databaseTls: 'TLS with the database failed.',
  diskFull: 'The disk is full.',
};

export function renderErrors(): string {
  return `# Errors
${GENERATED}

Every error has a stable code, one message and a remedy. On the command line it stands on standard error, with \`--json\` also as
\`{"error":{"code","message","remedy","exit_code"}}\` on standard output. Over HTTP it is \`application/problem+json\` with the same \`code\` and \`remedy\`.

## Codes
${table(
  ['Code', 'What happened', 'How to mend it', 'HTTP', 'Exit code'],
  Object.entries(ERRORS).map(([code, { title, remedy, status, exitCode }]) => [
    `\`${code}\``,
    title,
    remedy,
    String(status),
    String(exitCode),
  ]),
)}

## Exit codes
${table(
  ['Exit code', 'Meaning'],
  Object.entries(EXIT).map(([name, code]) => [String(code), EXIT_MEANING[name as keyof typeof EXIT]]),
)}
| 129, 130, 143 | Ended at once by a second hang-up, Ctrl-C or TERM. The first one ends in good order, with 0. |
`;
}
