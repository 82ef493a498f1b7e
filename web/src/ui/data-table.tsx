import type { ReactNode } from 'react';

export interface Column {
  readonly title: string;
  /** Said, but not shown. */
  readonly hidden?: boolean;
  readonly right?: boolean;
}

const headRow =
  'h-9 border-b border-line [&>th]:px-2 [&>th]:font-medium [&>th]:whitespace-nowrap [&>th:first-child]:pl-4 [&>th:last-child]:pr-4';

/** Beside `DataTable`: the look of its rows. */
export const dataRow =
  'border-b border-line align-top last:border-0 [&>*]:px-2 [&>*]:py-2.5 [&>*:first-child]:pl-4 [&>*:last-child]:pr-4 [&>th]:text-left [&>th]:font-normal';

/** A table that scrolls by itself where the screen is narrow, for the keyboard too. */
export function DataTable({
  label,
  columns,
  minWidth = 'min-w-[48rem]',
  children,
}: {
  readonly label: string;
  readonly columns: readonly Column[];
  readonly minWidth?: string;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <div className="min-w-0 overflow-x-auto" role="region" aria-label={label} tabIndex={0}>
      <table className={`w-full border-collapse text-left ${minWidth}`}>
        <caption className="sr-only">{label}</caption>
        <thead className="text-xs text-ink-2">
          <tr className={headRow}>
            {columns.map(({ hidden, right, title }) => (
              <th key={title} scope="col" className={`relative ${right === true ? 'text-right' : ''}`}>
                {hidden === true ? <span className="sr-only">{title}</span> : title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
