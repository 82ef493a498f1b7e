/** By what runs are added up. The place in the list is what the database keeps: append only. */
export const DIMENSIONS = ['trace', 'run_type', 'model', 'name', 'prompt', 'user', 'tag'] as const;

/** `trace` holds roots only, under one value; `run_type` holds every run, so that its values together are all of them. */
export type Dimension = (typeof DIMENSIONS)[number];

/** The value of `trace`, which has only one. */
export const ROOTS = 'root';

/** Where the values for which there was no room are added up. */
export const OTHER = '';

/** Seconds. */
export const GRAINS = [60, 3_600, 86_400] as const;
export type Grain = (typeof GRAINS)[number];

/** By minutes only what charts of the last hours show: the fleet's own, not every user's. */
export const BY_MINUTE: ReadonlySet<Dimension> = new Set(['trace', 'run_type', 'model']);

/** How many values of a dimension a stretch of time has room for, in each project. Made-up names must not fill a disk. */
export const ROOM: Readonly<Record<Grain, number>> = { 60: 50, 3_600: 200, 86_400: 500 };

export const LONGEST_VALUE = 200;
/** Of one run: the rest do not count. */
export const MOST_TAGS = 20;

/** How long rows are kept, in days. Minutes are for charts of the last hours. */
export const KEPT_DAYS: Readonly<Record<Grain, number>> = { 60: 2, 3_600: 400, 86_400: 1_200 };
