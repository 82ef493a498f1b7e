import { MusterError } from '../base/errors.ts';

/** The only row of a statement that must give one. */
export function requireRow<Row>(row: Row | undefined, what: string): Row {
  if (row === undefined) throw new MusterError('NOT_FOUND', `${what} does not exist`);
  return row;
}

/** Forms a cursor's parts may have: what is not of its form never reaches a statement. */
export const CURSOR_PART = {
  integer: /^\d{1,19}$/,
  timestamp: /^\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?[+-]\d\d(:\d\d)?$/,
  snapshot: /^\d{1,19}:\d{1,19}:(\d{1,19}(,\d{1,19})*)?$/,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
} as const;

/** A cursor is a JSON array in base64url: opaque to callers, checked when it comes back. */
export function encodeCursor(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** The parts of a cursor of ours. Throws BAD_CURSOR for anything that does not have exactly these forms. */
export function decodeCursor<const Forms extends readonly RegExp[]>(cursor: string, forms: Forms): { readonly [K in keyof Forms]: string } {
  const parts = parseParts(cursor);
  if (parts.length !== forms.length || !forms.every((form, index) => form.test(parts[index] ?? ''))) {
    throw new MusterError('BAD_CURSOR', 'the cursor does not belong to this list');
  }
  return parts as unknown as { readonly [K in keyof Forms]: string };
}

function parseParts(cursor: string): readonly string[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(parts) ? parts.map(String) : [];
  } catch (cause) {
    throw new MusterError('BAD_CURSOR', 'the cursor cannot be read', { cause });
  }
}
