export interface Silence {
  readonly silence_id: string;
  readonly matchers: readonly string[];
  readonly reason: string;
  readonly created_by: string;
  readonly created_at: string;
  readonly starts_at: string;
  readonly ends_at: string;
  readonly ended_by: string | null;
}

export interface MaintenanceWindow {
  readonly window_id: string;
  readonly name: string;
  readonly matchers: readonly string[];
  readonly reason: string;
  readonly created_by: string;
  readonly starts_at: string | null;
  readonly ends_at: string | null;
  readonly cron: string | null;
  readonly time_zone: string | null;
  readonly duration_seconds: number | null;
  /** null: it is not open now. */
  readonly open_until: string | null;
  readonly opens_next: string | null;
}

/** One matcher a line, or several with commas between them. */
export const matchersOf = (text: string): readonly string[] =>
  text
    .split(/[\n,]/)
    .map((each) => each.trim())
    .filter((each) => each !== '');

/** What a field for a date and a time holds, in this browser's time zone. Undefined where it holds none. */
export function instantOf(local: string): string | undefined {
  const at = new Date(local);
  return local === '' || Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
