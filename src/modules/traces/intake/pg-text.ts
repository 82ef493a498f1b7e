/** Text that the database takes: without U+0000, and with U+FFFD for half a surrogate pair. */
export const cleanText = (text: string): string => (text.includes('\u0000') ? text.replaceAll('\u0000', '') : text);

/** An array of texts as PostgreSQL reads it. */
export function arrayText(items: readonly string[]): string {
  const quoted = items.map((item) => `"${cleanText(item).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`);
  return `{${quoted.join(',')}}`;
}
