/** What a check found, by name: for people, and for whoever mends it. */
export interface Advice {
  /** What it is about: `public.orders_customer_idx`. */
  readonly object: string;
  /** What was found, in figures. */
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
}

/** Kept of one topic at most; how many there are in all is a metric. */
export const MOST_ADVICE = 50;
