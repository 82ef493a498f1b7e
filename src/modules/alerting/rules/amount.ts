import { formatDuration } from '../../../base/duration.ts';

const BYTES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** A value as people say it: 95.35%, 12.3 MiB, 2.5 s; what is merely counted has no unit. */
export function amount(value: number, unit: string): string {
  switch (unit) {
    case '':
    case '1':
    case 'count':
      return short(value);
    case 'ratio':
      return `${short(100 * value)}%`;
    case 'percent':
      return `${short(value)}%`;
    case 'bytes':
      return bytes(value);
    case 'seconds':
      return Math.abs(value) < 60 ? `${short(value)} s` : `${value < 0 ? '-' : ''}${formatDuration(Math.abs(value) * 1_000)}`;
    default:
      return `${short(value)} ${unit.replaceAll('_', ' ')}`;
  }
}

function bytes(value: number): string {
  const size = Math.abs(value);
  const power = size < 1_024 ? 0 : Math.min(BYTES.length - 1, Math.floor(Math.log2(size) / 10));
  return `${short(value / 1_024 ** power)} ${BYTES[power] ?? 'B'}`;
}

/** Four digits are as many as anybody compares; whole numbers keep all of theirs. */
const short = (value: number): string =>
  Number.isInteger(value) && Math.abs(value) < 1e15 ? String(value) : String(Number(value.toPrecision(4)));
