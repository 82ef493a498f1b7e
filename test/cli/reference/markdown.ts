/** At the head of what is generated. */
export const GENERATED = '<!-- Generated from the code: `UPDATE_REFERENCE=1 npx vitest run test/cli/reference.test.ts` writes it anew. -->';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', '<br>');

export const table = (titles: readonly string[], rows: readonly (readonly string[])[]): string =>
  [`| ${titles.join(' | ')} |`, `|${titles.map(() => '---').join('|')}|`, ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`)].join(
    '\n',
  );
