/** What `trace_runs.flags` says. Append only. */
export const POSTED = 1;
/** A patch has spoken: what a late post says fills gaps and overwrites nothing. */
export const PATCHED = 2;
/** Nobody has said what type of run it is; the column holds `chain` meanwhile. */
export const TYPE_UNTOLD = 4;
