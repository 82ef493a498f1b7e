/** What PostgreSQL cannot keep in a text: NUL, and halves of surrogate pairs. */
const UNSTORABLE = /\0|\p{Surrogate}/u;
const ALL_UNSTORABLE = /\0|\p{Surrogate}/gu;

/** Whether a text of an agent can be stored as it is. */
export const isStorable = (text: string): boolean => !UNSTORABLE.test(text);

/** A text of an agent, as it can be stored: what cannot is replaced, what is too long is cut. */
export function storable(text: string, maxLength: number): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
  return cut.replace(ALL_UNSTORABLE, '\u{FFFD}');
}
