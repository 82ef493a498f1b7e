import type { CheckKey } from '../index.ts';

/** A talk written down by hand, and which checks must find fault with it. */
export interface Sample {
  readonly question: string;
  readonly answer: string;
  readonly bad?: readonly CheckKey[];
  readonly system?: string;
  /** What was retrieved for it. */
  readonly context?: string;
  readonly finish?: string;
  /** As in `response_format`. */
  readonly format?: unknown;
  readonly tools?: readonly { readonly name: string; readonly arguments: string }[];
}
