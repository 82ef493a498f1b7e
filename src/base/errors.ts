/**
 * Every error a person can meet: a stable code, what happened, and how to mend it.
 * `docs/reference/errors.md` is generated from this table.
 */
export interface ErrorKind {
  /** HTTP status used when the error leaves through the API. */
  readonly status: number;
  /** Process exit code used when the error ends a command. */
  readonly exitCode: number;
  /** One sentence for the title of a problem document. */
  readonly title: string;
  /** How to mend it, in general terms; an instance may say it more exactly. */
  readonly remedy: string;
}

/** Exit codes follow sysexits where one fits, so that service managers read them right. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 64,
  dataFormat: 65,
  unavailable: 69,
  internal: 70,
  cannotCreate: 73,
  ioError: 74,
  noPermission: 77,
  config: 78,
  portTaken: 80,
  dataFolderInUse: 81,
  dataFolderVersion: 82,
  schemaNewer: 83,
  serverTooOld: 84,
  migrationFailed: 85,
  databaseAuth: 86,
  databaseTls: 87,
  diskFull: 88,
} as const;

export const ERRORS = {
  USAGE: {
    status: 400,
    exitCode: EXIT.usage,
    title: 'The command line is not understood',
    remedy: 'Run `muster help` for the list of commands.',
  },
  CONFIG_INVALID: {
    status: 500,
    exitCode: EXIT.config,
    title: 'The configuration is not valid',
    remedy: 'Mend the named key; `muster validate` checks again.',
  },
  INVALID_INPUT: {
    status: 422,
    exitCode: EXIT.dataFormat,
    title: 'The request is not valid',
    remedy: 'Mend the fields named in `errors`.',
  },
  MALFORMED: {
    status: 400,
    exitCode: EXIT.dataFormat,
    title: 'The request cannot be read',
    remedy: 'Send well-formed JSON with content-type application/json.',
  },
  BAD_CURSOR: {
    status: 400,
    exitCode: EXIT.dataFormat,
    title: 'The cursor is not one of ours',
    remedy: 'Pass next_cursor of the previous page unchanged, or leave it out to start again.',
  },
  UNAUTHENTICATED: {
    status: 401,
    exitCode: EXIT.noPermission,
    title: 'Sign in first',
    remedy: 'Send `Authorization: Bearer <key>`, or open a sign-in link made by `muster sign-in`.',
  },
  FORBIDDEN: { status: 403, exitCode: EXIT.noPermission, title: 'Not allowed', remedy: 'Use a key whose role includes this permission.' },
  NOT_FOUND: { status: 404, exitCode: EXIT.failure, title: 'Not found', remedy: 'Check the name; list what there is first.' },
  NOT_OFFERED: {
    status: 501,
    exitCode: EXIT.failure,
    title: 'Not offered here',
    remedy: 'See the documentation for what there is instead.',
  },
  CONFLICT: {
    status: 409,
    exitCode: EXIT.failure,
    title: 'It conflicts with what is there',
    remedy: 'Read the current state and try again.',
  },
  PRECONDITION_FAILED: {
    status: 412,
    exitCode: EXIT.failure,
    title: 'It changed since you read it',
    remedy: 'Read it again and send its new ETag.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    exitCode: EXIT.failure,
    title: 'Not with this method',
    remedy: 'Use one of the methods named in Allow.',
  },
  REQUEST_TIMEOUT: {
    status: 408,
    exitCode: EXIT.unavailable,
    title: 'The request did not arrive in time',
    remedy: 'Send the whole request within 10 seconds.',
  },
  URI_TOO_LONG: { status: 414, exitCode: EXIT.dataFormat, title: 'The address is too long', remedy: 'Keep path and query below 8 KB.' },
  UNSUPPORTED_MEDIA: {
    status: 415,
    exitCode: EXIT.dataFormat,
    title: 'Not a content type we read',
    remedy: 'Send JSON with content-type application/json.',
  },
  WRONG_HOST: {
    status: 421,
    exitCode: EXIT.failure,
    title: 'This server does not answer to that name',
    remedy: 'Use its address, or add the name to MUSTER_ALLOWED_HOSTS.',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    exitCode: EXIT.dataFormat,
    title: 'The headers are too large',
    remedy: 'Keep the headers below 16 KB.',
  },
  SHUTTING_DOWN: {
    status: 503,
    exitCode: EXIT.unavailable,
    title: 'The server is stopping',
    remedy: 'Try again in a moment, or ask another server of the fleet.',
  },
  TOO_LARGE: { status: 413, exitCode: EXIT.dataFormat, title: 'Too large', remedy: 'Send less at once.' },
  RATE_LIMITED: { status: 429, exitCode: EXIT.unavailable, title: 'Too many requests', remedy: 'Wait for the time in Retry-After.' },
  OVERLOADED: {
    status: 503,
    exitCode: EXIT.unavailable,
    title: 'More arrives than can be taken in',
    remedy: 'Send it again after the time in Retry-After: nothing of it was kept.',
  },
  CARDINALITY: {
    status: 429,
    exitCode: EXIT.failure,
    title: 'Too many series',
    remedy: 'Use fewer distinct label values: each combination is a series of its own.',
  },
  LEASE_LOST: {
    status: 409,
    exitCode: EXIT.failure,
    title: 'The lease is no longer held',
    remedy: 'Nothing to do: another host runs the agent now, and this write was refused.',
  },
  AGENT_INVALID: {
    status: 422,
    exitCode: EXIT.dataFormat,
    title: 'The agent definition is not valid',
    remedy: 'Mend the definition as the message says.',
  },
  AGENT_TYPE_UNKNOWN: {
    status: 422,
    exitCode: EXIT.dataFormat,
    title: 'No such agent type',
    remedy: 'Use a type that `muster agents types` lists, or register its implementation.',
  },
  AGENT_CONFIG_INVALID: {
    status: 422,
    exitCode: EXIT.dataFormat,
    title: 'The configuration of the agent is not valid',
    remedy: 'Mend the named keys: the agent starts by itself once its configuration is valid.',
  },
  AGENT_TIMEOUT: {
    status: 504,
    exitCode: EXIT.failure,
    title: 'The agent took too long',
    remedy: 'Raise the timeout of its type, or make it end sooner; its ctx.signal aborts at the timeout.',
  },
  ACTION_INVALID: {
    status: 422,
    exitCode: EXIT.dataFormat,
    title: 'The healing action is not valid',
    remedy: 'Mend the named field; docs/recovery.md has examples.',
  },
  ACTION_TIMEOUT: {
    status: 500,
    exitCode: EXIT.unavailable,
    title: 'The healing action did not end in time',
    remedy: 'See what it waits for, or give it a longer timeout.',
  },
  AGENT_EXITED: {
    status: 500,
    exitCode: EXIT.failure,
    title: 'The thread or process of the agent ended by itself',
    remedy: 'Mend what the message names; the agent is started again after a pause that grows.',
  },
  AGENT_OUT_OF_MEMORY: {
    status: 500,
    exitCode: EXIT.failure,
    title: 'The agent used more memory than it may',
    remedy: 'Raise memoryLimitMb of its type or metadata.memory_limit_mb of the agent, or let it hold less at once.',
  },
  COMMAND_UNKNOWN: {
    status: 422,
    exitCode: EXIT.dataFormat,
    title: 'The agent does not know this command',
    remedy: 'Use a command that its type lists (`muster agents types`).',
  },
  DATABASE_UNREACHABLE: {
    status: 503,
    exitCode: EXIT.unavailable,
    title: 'The database cannot be reached',
    remedy: 'Check host and port in DATABASE_URL, and that the server runs.',
  },
  DATABASE_AUTH: {
    status: 503,
    exitCode: EXIT.databaseAuth,
    title: 'The database refuses the user or password',
    remedy: 'Check user and password in DATABASE_URL.',
  },
  DATABASE_TLS: {
    status: 503,
    exitCode: EXIT.databaseTls,
    title: 'TLS with the database failed',
    remedy: 'Give the right CA in sslrootcert, or set sslmode to what the server offers.',
  },
  DATABASE_MISSING: {
    status: 503,
    exitCode: EXIT.unavailable,
    title: 'The database does not exist',
    remedy: 'Create it, or name another one in DATABASE_URL.',
  },
  DATABASE_RIGHTS: {
    status: 503,
    exitCode: EXIT.noPermission,
    title: 'The database user lacks a right',
    remedy: 'Grant it as the message says.',
  },
  DATABASE_BUSY: {
    status: 503,
    exitCode: EXIT.unavailable,
    title: 'The database is too busy',
    remedy: 'Try again; if it stays, raise max_connections or lower performance.connection_pool_size.',
  },
  DATABASE_POOLED: {
    status: 503,
    exitCode: EXIT.unavailable,
    title: 'A connection pooler is in the way',
    remedy: 'Set MUSTER_DIRECT_DATABASE_URL to the server itself, without a pooler between.',
  },
  DATABASE_READ_ONLY: {
    status: 503,
    exitCode: EXIT.unavailable,
    title: 'The database is read-only',
    remedy: 'Point DATABASE_URL at the primary.',
  },
  DATABASE_TIMEOUT: {
    status: 503,
    exitCode: EXIT.unavailable,
    title: 'The database did not answer in time',
    remedy: 'Look for locks and load (`muster doctor`); the statement was cancelled.',
  },
  DISK_FULL: {
    status: 503,
    exitCode: EXIT.diskFull,
    title: 'The disk is full',
    remedy: 'Free space on the volume that is named; nothing acknowledged is lost.',
  },
  SERVER_TOO_OLD: {
    status: 503,
    exitCode: EXIT.serverTooOld,
    title: 'The PostgreSQL server is too old',
    remedy: 'Use PostgreSQL 14 or newer.',
  },
  SCHEMA_NEWER: {
    status: 503,
    exitCode: EXIT.schemaNewer,
    title: 'The schema is newer than this program',
    remedy: 'Upgrade this program to the version that made the schema.',
  },
  SCHEMA_MISSING: {
    status: 503,
    exitCode: EXIT.migrationFailed,
    title: 'The schema is not there, or older than this program',
    remedy: 'Run `muster setup`.',
  },
  SCHEMA_OCCUPIED: {
    status: 503,
    exitCode: EXIT.migrationFailed,
    title: 'The names of the schema are taken',
    remedy: 'Use another database, or rename or move what is there.',
  },
  MIGRATION_FAILED: {
    status: 503,
    exitCode: EXIT.migrationFailed,
    title: 'A migration failed',
    remedy: 'Mend the cause and run `muster setup` again: it goes on where it stopped.',
  },
  PORT_TAKEN: { status: 500, exitCode: EXIT.portTaken, title: 'The port is taken', remedy: 'Choose another with --port.' },
  ADDRESS_UNUSABLE: {
    status: 500,
    exitCode: EXIT.noPermission,
    title: 'The server cannot listen there',
    remedy: 'Choose an address of this machine with --host, and a port from 1024 up with --port.',
  },
  DATA_FOLDER_IN_USE: {
    status: 500,
    exitCode: EXIT.dataFolderInUse,
    title: 'Another process uses this data folder',
    remedy: 'Stop it, or choose another with --data-dir.',
  },
  DATA_FOLDER_VERSION: {
    status: 500,
    exitCode: EXIT.dataFolderVersion,
    title: 'The data folder is of another PostgreSQL version',
    remedy: 'Use a Muster whose embedded PostgreSQL is of that version, or another --data-dir.',
  },
  DATA_FOLDER_UNUSABLE: {
    status: 500,
    exitCode: EXIT.cannotCreate,
    title: 'The data folder cannot be used',
    remedy: 'Choose a folder this user can write with --data-dir.',
  },
  EMBEDDED_FAILED: {
    status: 500,
    exitCode: EXIT.unavailable,
    title: 'The embedded PostgreSQL does not start',
    remedy: 'Read its log, named in the message, or set DATABASE_URL to a server of your own.',
  },
  SECRET_UNREADABLE: {
    status: 409,
    exitCode: EXIT.config,
    title: 'A stored secret cannot be opened',
    remedy: 'Add the key it was sealed with to MUSTER_SECRET_KEY, behind a comma, or give the secret anew.',
  },
  CALENDAR_INVALID: {
    status: 422,
    exitCode: EXIT.dataFormat,
    title: 'The calendar cannot be read',
    remedy: 'Give iCalendar (RFC 5545) as calendar programs export it: text that begins with BEGIN:VCALENDAR.',
  },
  OUTBOUND_REFUSED: {
    status: 422,
    exitCode: EXIT.noPermission,
    title: 'This address may not be called',
    remedy: 'Use a public address with https, or open its network with MUSTER_ALLOWED_NETWORKS.',
  },
  OUTBOUND_FAILED: {
    status: 502,
    exitCode: EXIT.unavailable,
    title: 'The address cannot be reached',
    remedy: 'Check the name and port, that somebody listens there, and its certificate.',
  },
  OUTBOUND_TIMEOUT: {
    status: 504,
    exitCode: EXIT.unavailable,
    title: 'The other side took too long',
    remedy: 'Look there for why it does not answer.',
  },
  PROVIDER_REFUSED: {
    status: 502,
    exitCode: EXIT.noPermission,
    title: 'The provider refuses the key of the gateway',
    remedy: 'Give the provider a key that is in force: `muster gateway add <name> <base_url> --key …`.',
  },
  PROVIDER_FAILED: {
    status: 502,
    exitCode: EXIT.unavailable,
    title: 'The provider broke off',
    remedy: 'Send the request again; where it happens often, give its model a fallback.',
  },
  PROVIDER_UNAVAILABLE: {
    status: 503,
    exitCode: EXIT.unavailable,
    title: 'No provider of this model answers',
    remedy: 'Try again after the time in Retry-After; `muster gateway test` says what is wrong.',
  },
  BUDGET_SPENT: {
    status: 429,
    exitCode: EXIT.unavailable,
    title: 'The budget of this key is spent',
    remedy: 'Wait for the next period, or have the budget raised: `muster gateway limit`.',
  },
  NOT_MEASURABLE: {
    status: 500,
    exitCode: EXIT.failure,
    title: 'This system does not offer the measurement',
    remedy: 'Nothing to do: the metrics are absent here, and everything else is measured.',
  },
  MEASUREMENT_FAILED: {
    status: 500,
    exitCode: EXIT.failure,
    title: 'A measurement failed',
    remedy: 'Mend what the message names; until then its metrics are absent, and the rest is measured.',
  },
  INTERNAL: {
    status: 500,
    exitCode: EXIT.internal,
    title: 'A bug in Muster',
    remedy: 'Please report it with the log lines around this time.',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

export interface MusterErrorOptions {
  /** How to mend this very case; the table's remedy otherwise. */
  readonly remedy?: string | undefined;
  /** Facts for programs: field errors, the holder's age, a file and line. Never secrets. */
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

/** An error whose text is meant for the person who meets it. */
export class MusterError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: MusterErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MusterError';
    this.code = code;
    this.remedy = options.remedy ?? ERRORS[code].remedy;
    this.data = options.data ?? {};
  }

  get kind(): ErrorKind {
    return ERRORS[this.code];
  }
}

export function isMusterError(error: unknown, code?: ErrorCode): error is MusterError {
  return error instanceof MusterError && (code === undefined || error.code === code);
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
