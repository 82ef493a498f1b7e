const UNITS = ['seconds', 'bytes', 'ratio'] as const;

/** The unit that a name of OpenMetrics ends in: `http_request_duration_seconds_sum` is in seconds, a bucket is a count. */
export function unitOf(name: string): string {
  if (/_(bucket|count)$/.test(name)) return '';
  const base = name.replace(/_(total|sum|created)$/, '');
  return UNITS.find((unit) => base.endsWith(`_${unit}`)) ?? '';
}
