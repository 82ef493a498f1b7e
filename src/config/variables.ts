/** One environment variable: `.env.example` and the reference are made from this table, and tests hold them to it. */
export interface Variable {
  readonly name: string;
  readonly group: 'Database' | 'Server' | 'Access' | 'Host' | 'Files' | 'Logging';
  readonly summary: string;
  /** What holds where it is not set; null: nothing. */
  readonly default: string | null;
  readonly example: string;
  /** Never printed; may also be given as the name of a file, in NAME_FILE. */
  readonly secret?: true;
}

export const VARIABLES = [
  {
    name: 'DATABASE_URL',
    group: 'Database',
    summary: 'PostgreSQL 14 or newer. Without it, `muster up` starts an embedded server that keeps its data in the data folder.',
    default: null,
    example: 'postgresql://muster:secret@db.example.com:5432/muster?sslmode=verify-full',
    secret: true,
  },
  {
    name: 'MUSTER_DIRECT_DATABASE_URL',
    group: 'Database',
    summary:
      'The same database without a pooler between: for LISTEN, migrations and the watch over other hosts where DATABASE_URL goes through PgBouncer.',
    default: null,
    example: 'postgresql://muster:secret@db.example.com:5432/muster',
    secret: true,
  },
  {
    name: 'MUSTER_HOST',
    group: 'Server',
    summary: 'The address the dashboard and API listen on.',
    default: '127.0.0.1',
    example: '127.0.0.1',
  },
  { name: 'MUSTER_PORT', group: 'Server', summary: 'The port they listen on; 0 takes a free one.', default: '4680', example: '4680' },
  {
    name: 'MUSTER_PUBLIC_URL',
    group: 'Server',
    summary:
      'The address people use, where a proxy with TLS stands in front: for sign-in links and those in notifications; with https cookies are Secure.',
    default: null,
    example: 'https://muster.example.com',
  },
  {
    name: 'MUSTER_ALLOWED_HOSTS',
    group: 'Server',
    summary: 'More host names by which a server on loopback may be called, separated by commas.',
    default: null,
    example: 'muster.internal',
  },
  {
    name: 'MUSTER_TRUST_PROXY',
    group: 'Server',
    summary: 'Addresses or networks of proxies whose X-Forwarded-For is believed, separated by commas.',
    default: null,
    example: '10.0.0.0/8',
  },
  {
    name: 'MUSTER_BOOTSTRAP_KEY',
    group: 'Access',
    summary:
      "An administrator's API key for automation, 12 characters or more; valid while the process has it in its environment, never stored.",
    default: null,
    example: 'a-long-random-text',
    secret: true,
  },
  {
    name: 'MUSTER_SECRET_KEY',
    group: 'Access',
    summary:
      'What passwords and tokens of channels are sealed with in the database: 32 characters or more, the same on every host. Several, separated by commas: the first seals, all open. Without it the key lies in the database beside them.',
    default: null,
    example: 'the-output-of-openssl-rand-hex-32',
    secret: true,
  },
  {
    name: 'MUSTER_ALLOWED_NETWORKS',
    group: 'Access',
    summary:
      'Networks besides the public internet that channels, probes, actions, providers of models and forwards of traces may call, separated by commas; inside them plain HTTP and bare addresses are allowed too.',
    default: null,
    example: '10.1.0.0/16,127.0.0.0/8',
  },
  {
    name: 'MUSTER_ALLOW_COMMANDS',
    group: 'Access',
    summary: 'true: channels and actions may run shell commands on this host.',
    default: 'false',
    example: 'true',
  },
  { name: 'MUSTER_CAPACITY', group: 'Host', summary: 'How many agents this host runs at most.', default: '1000', example: '1000' },
  {
    name: 'MUSTER_LABELS',
    group: 'Host',
    summary: 'Labels of this host, for placement: name=value, separated by commas.',
    default: null,
    example: 'zone=a,disk=ssd',
  },
  {
    name: 'MUSTER_AGENTS',
    group: 'Host',
    summary: 'Agents of your own: files, or folders of files, separated by commas.',
    default: null,
    example: 'agents',
  },
  {
    name: 'MUSTER_DATA_DIR',
    group: 'Files',
    summary: 'Where the embedded PostgreSQL, logs and spooled data live.',
    default: '.muster',
    example: '.muster',
  },
  {
    name: 'MUSTER_CONFIG_DIR',
    group: 'Files',
    summary: 'The folder of monitoring.yml and enterprise.yml.',
    default: 'config',
    example: 'config',
  },
  { name: 'MUSTER_LOG_LEVEL', group: 'Logging', summary: 'debug, info, warn, error or silent.', default: 'info', example: 'info' },
  {
    name: 'MUSTER_LOG_FILE',
    group: 'Logging',
    summary:
      'Write log lines to this file. On a terminal, `muster up` writes them to muster.log in the data folder; elsewhere to standard error.',
    default: null,
    example: '.muster/muster.log',
  },
] as const satisfies readonly Variable[];
