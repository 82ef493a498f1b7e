/** The soft limit of open files in /proc/self/limits; undefined where it is unlimited or not told. */
export function parseOpenFilesLimit(limits: string): number | undefined {
  return parseLimit(limits, 'Max open files');
}

/** A soft limit by its name; undefined where it is unlimited or not told. */
export function parseLimit(limits: string, name: string): number | undefined {
  const text = new RegExp(`^${name} +(\\S+)`, 'm').exec(limits)?.[1];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
