import type { Level } from '../health/index.ts';
import type { Environment, FolderState } from './environment.ts';

export interface EnvironmentFinding {
  readonly id: string;
  readonly level: Level;
  readonly text: string;
  readonly remedy: string;
}

/** As package.json says in `engines`. */
const OLDEST_NODE = [20, 19] as const;
const LATE_SECONDS = { warning: 1, critical: 10 };
const ROOM_BYTES = { warning: 5e9, critical: 1e9 };
const MEMORY_BYTES = { warning: 512 * 2 ** 20, critical: 256 * 2 ** 20 };
const FEWEST_OPEN_FILES = 1_024;

/** What is wrong with an environment: pure, gravest first. */
export function environmentFindings(environment: Environment): readonly EnvironmentFinding[] {
  const { data_folder, temporary_folder } = environment;
  return [
    ...node(environment.node_version),
    ...clock(environment),
    ...(data_folder === null ? [] : [...writable('data_folder', 'The data folder', data_folder, 'critical'), ...room(data_folder)]),
    ...writable('temporary_folder', 'The folder for temporary files', temporary_folder, 'warning'),
    ...limits(environment),
  ];
}

function node(version: string): readonly EnvironmentFinding[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return [];
  return [
    {
      id: 'node_version',
      level: 'critical',
      text: `Node ${version} is older than ${OLDEST_NODE.join('.')}`,
      remedy: 'Install a newer Node.',
    },
  ];
}

/** Leases and decisions use the database's clock; what suffers is the time of samples and the patience of people who compare logs. */
function clock({ clock: { seconds, uncertainty_seconds }, hostname }: Environment): readonly EnvironmentFinding[] {
  const surely = Math.abs(seconds) - uncertainty_seconds;
  if (Number.isNaN(surely) || surely < LATE_SECONDS.warning) return [];
  const direction = seconds > 0 ? 'ahead of' : 'behind';
  return [
    {
      id: 'clock_offset',
      level: surely >= LATE_SECONDS.critical ? 'critical' : 'warning',
      text: `The clock of ${hostname} is ${Math.abs(seconds).toFixed(1)} s ${direction} that of the database`,
      remedy: 'Let both keep time by NTP (chrony, systemd-timesyncd).',
    },
  ];
}

function writable(id: string, what: string, { path, write_error }: FolderState, level: Level): readonly EnvironmentFinding[] {
  if (write_error === null) return [];
  return [
    {
      id,
      level,
      text: `${what}, ${path}, cannot be written: ${write_error}`,
      remedy: 'Give this user the right to write there, or free space.',
    },
  ];
}

function room({ path, available_bytes }: FolderState): readonly EnvironmentFinding[] {
  if (available_bytes === null || available_bytes >= ROOM_BYTES.warning) return [];
  const level = available_bytes < ROOM_BYTES.critical ? 'critical' : 'warning';
  return [
    {
      id: 'data_folder_room',
      level,
      text: `Only ${(available_bytes / 1e9).toFixed(1)} GB are left in ${path}`,
      remedy: 'Free space, or move the data folder with --data-dir.',
    },
  ];
}

function limits({ open_files_limit, memory_bytes }: Environment): readonly EnvironmentFinding[] {
  const findings: EnvironmentFinding[] = [];
  if (open_files_limit !== null && open_files_limit < FEWEST_OPEN_FILES) {
    findings.push({
      id: 'open_files',
      level: 'warning',
      text: `The process may open ${open_files_limit} files and sockets`,
      remedy: `Raise the limit to ${FEWEST_OPEN_FILES} or more (ulimit -n, LimitNOFILE).`,
    });
  }
  if (memory_bytes < MEMORY_BYTES.warning) {
    findings.push({
      id: 'memory',
      level: memory_bytes < MEMORY_BYTES.critical ? 'critical' : 'warning',
      text: `There are ${Math.round(memory_bytes / 2 ** 20)} MB of memory for this process and its neighbours`,
      remedy: 'Give it 512 MB or more; with the embedded PostgreSQL 1 GB.',
    });
  }
  return findings;
}
