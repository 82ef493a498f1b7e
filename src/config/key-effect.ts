/** What one key of a file does: `muster validate` and the reference are made from these tables, and tests hold them to the schemas. */
export interface KeyEffect {
  readonly path: string;
  /** What setting it does today; null: accepted, and without effect in this version. */
  readonly effect: string | null;
}
