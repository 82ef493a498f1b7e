/** A figure as people read it. Pure; the locale is fixed so that a screenshot in a ticket reads the same everywhere. */

const dash = '–';

/** How a unit of the metrics store is written. Unknown units are written as they are. */
export function formatValue(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return dash;
  switch (unit) {
    case 'ratio':
      return formatRatio(value);
    case 'bytes':
    case 'By':
      return formatBytes(value);
    case 'bytes/s':
    case 'bytes_per_second':
    case 'By/s':
      return `${formatBytes(value)}/s`;
    case 'seconds':
    case 's':
      return formatSeconds(value);
    case '':
    case '1':
    case 'count':
      return formatCount(value);
    case '1/s':
    case '/s':
    case 'per_second':
      return `${formatCount(value)}/s`;
    case 'usd':
      return formatUsd(value);
    case 'score':
    case 'points':
      return formatCount(value);
    default:
      return unit.startsWith('1/') || unit.startsWith('/')
        ? `${formatCount(value)}${unit.replace(/^1/, '')}`
        : `${formatCount(value)} ${unit.replaceAll('_', ' ')}`;
  }
}

export function formatRatio(value: number): string {
  const percent = value * 100;
  // 99.95 % must not be rounded to a perfect 100 %.
  const digits = Math.abs(percent) >= 99.5 && Math.abs(percent) < 100 ? 2 : Math.abs(percent) >= 10 ? 1 : 2;
  const text = trimZeros(percent.toFixed(digits));
  return `${text === '100' && percent < 100 ? '99.99' : text} %`;
}

export function formatBytes(value: number): string {
  return scaled(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']);
}

export function formatSeconds(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0 s';
  if (size < 1e-3) return `${significant(value * 1e6)} µs`;
  if (size < 1) return `${significant(value * 1e3)} ms`;
  if (size < 60) return `${significant(value)} s`;
  return formatDuration(value * 1_000);
}

/** US dollars: cents from a dollar on; below it, three figures that say something. */
export function formatUsd(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '$0';
  if (size >= 1_000) return `$${grouped(Math.round(value))}`;
  if (size >= 1) return `$${value.toFixed(2)}`;
  const digits = Math.min(12, 2 - Math.floor(Math.log10(size)));
  return `$${value.toFixed(digits).replace(/(\.\d\d.*?)0+$/, '$1')}`;
}

/** Thousands get a thin space, small numbers three figures. */
export function formatCount(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return scaled(value, 1_000, ['', 'k', 'M', 'G', 'T']);
  if (Number.isInteger(value)) return grouped(value);
  if (size >= 1_000) return grouped(Math.round(value));
  return significant(value);
}

export function grouped(value: number): string {
  return value.toString().replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
}

/** The two largest parts: 3 d 4 h, 12 min 5 s. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}

/** One part only, for columns that are renewed every second. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' });

export function formatClock(at: number): string {
  return clock.format(at);
}

/** The clock alone for today, with the day before it otherwise. */
export function formatMoment(at: number, now: number): string {
  return new Date(at).toDateString() === new Date(now).toDateString() ? clock.format(at) : `${day.format(at)} ${clock.format(at)}`;
}

export function formatFull(at: number): string {
  return full.format(at);
}

/** agent_coordinator → agent coordinator, crash_looping → crash looping. */
export function words(identifier: string): string {
  return identifier.replaceAll('_', ' ');
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let index = 0;
  let rest = value;
  while (Math.abs(rest) >= base && index < units.length - 1) {
    rest /= base;
    index++;
  }
  const unit = units[index] ?? '';
  return unit === '' ? significant(rest) : `${significant(rest)} ${unit}`;
}

function significant(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : Math.min(4, 1 - Math.floor(Math.log10(size)));
  return trimZeros(value.toFixed(digits));
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** A host for people: several may run on one machine. */
export const hostName = (host: { readonly hostname: string | null; readonly host_id: string }): string =>
  `${host.hostname ?? 'a host'} ${host.host_id.slice(0, 4)}`;
