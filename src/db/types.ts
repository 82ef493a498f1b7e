import pg from 'pg';

const INT8 = 20;

/** bigint as a number, exactly or not at all: beyond 2^53 it stays the text that the server sent. */
export function parseInt8(text: string): number | string {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
}

/** How values of the server become values of the program; local to our connections, `pg`'s global table is left alone. */
export const typeParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === INT8 && format !== 'binary') return parseInt8;
    return (format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text')) as unknown;
  }) as typeof pg.types.getTypeParser,
};
