/** How the tables of this page are set. */
export const headRow =
  'h-9 border-b border-line [&>th]:px-2 [&>th]:font-medium [&>th]:whitespace-nowrap [&>th:first-child]:pl-4 [&>th:last-child]:pr-4';
export const bodyRow = 'border-b border-line last:border-0 [&>td]:px-2 [&>td]:py-2 [&>td:first-child]:pl-4 [&>td:last-child]:pr-4';
