import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import type { Host, Point } from '../../api/types.ts';
import { type Given, isOpen } from '../../live/commands.ts';
import { agentAddress } from '../../ui/address.ts';
import { Icon } from '../../ui/icons.tsx';
import { useMediaQuery } from '../../ui/theme.ts';
import { useWindowRows } from '../../ui/use-window-rows.ts';
import type { Action } from './actions.ts';
import type { Row, SortKey, View } from './list.ts';
import { AgentRow } from './row.tsx';

export interface AgentTableProps {
  readonly rows: readonly Row[];
  readonly view: View;
  readonly onSort: (key: SortKey) => void;
  readonly hosts: ReadonlyMap<string, Host>;
  readonly runs: ReadonlyMap<string, readonly Point[]>;
  readonly given: readonly Given[];
  readonly allowed: boolean;
  readonly onAct: (agentId: string, action: Action) => void;
}

export interface Column {
  readonly key: string;
  readonly label: string;
  readonly sort?: SortKey;
  readonly className: string;
}

/** Columns leave as the page narrows, the least needed first; a phone keeps name, status and heartbeat. */
export const columns: readonly Column[] = [
  { key: 'agent', label: 'Agent', sort: 'name', className: '' },
  { key: 'status', label: 'Status', sort: 'standing', className: 'hidden w-40 sm:table-cell' },
  { key: 'health', label: 'Health', sort: 'health', className: 'hidden w-20 text-right sm:table-cell' },
  { key: 'heartbeat', label: 'Heartbeat', sort: 'heartbeat', className: 'w-22 text-right sm:w-24' },
  { key: 'runs', label: 'Runs a minute', className: 'hidden w-36 xl:table-cell' },
  { key: 'count', label: 'Runs', sort: 'runs', className: 'hidden w-24 text-right lg:table-cell' },
  { key: 'errors', label: 'Errors', sort: 'errors', className: 'hidden w-20 text-right lg:table-cell' },
  { key: 'host', label: 'Host', sort: 'host', className: 'hidden w-36 md:table-cell' },
  { key: 'epoch', label: 'Epoch', className: 'hidden w-18 text-right xl:table-cell' },
  { key: 'actions', label: 'Actions', className: 'w-10 sm:w-12' },
];

/** All agents in one table of which only the rows on the screen exist. Arrow keys move in it, Enter opens. */
export function AgentTable({ rows, view, onSort, hosts, runs, given, allowed, onAct }: AgentTableProps): ReactNode {
  const rowHeight = useMediaQuery('(min-width: 640px)') ? 40 : 56;
  const [, navigate] = useLocation();
  const table = useRef<HTMLTableElement>(null);
  const body = useRef<HTMLTableSectionElement>(null);
  const { first, end } = useWindowRows(body, rows.length, rowHeight);
  const [active, setActive] = useState<string>();
  const wanted = useRef<string>(undefined);
  const at = Math.max(
    0,
    rows.findIndex(({ agent }) => agent.agent_id === active),
  );

  // The row to go to may not exist until the page has scrolled to it. Meanwhile the table has the focus, so that no key is lost.
  useEffect(() => {
    if (wanted.current === undefined) return;
    const link = body.current?.querySelector<HTMLElement>(`[data-agent="${CSS.escape(wanted.current)}"] a`);
    if (!link) {
      table.current?.focus({ preventScroll: true });
      return;
    }
    wanted.current = undefined;
    link.focus({ preventScroll: true });
  });

  const goTo = (index: number): void => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
    if (!row || !body.current) return;
    const place = rows.indexOf(row);
    const top = body.current.getBoundingClientRect().top + place * rowHeight;
    // Below the sticky head and above the edge.
    if (top < 2 * rowHeight) scrollBy({ top: top - 3 * rowHeight });
    else if (top + rowHeight > innerHeight - rowHeight) scrollBy({ top: top + 2 * rowHeight - innerHeight });
    wanted.current = row.agent.agent_id;
    setActive(row.agent.agent_id);
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTableElement>): void => {
    const page = Math.max(1, Math.floor(innerHeight / rowHeight) - 4);
    if (!(event.target instanceof HTMLElement) || event.target.closest('thead, [role=menu]')) return;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1, PageDown: at + page, PageUp: at - page }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      goTo(to);
    }
    const here = rows[at];
    // Faster than the row could come into being.
    if (event.key === 'Enter' && event.target === table.current && here) navigate(agentAddress(here.agent.agent_id));
    const row = event.target.closest('tr');
    if (event.key === 'ArrowRight') row?.querySelector<HTMLElement>('button[aria-haspopup]')?.focus();
    if (event.key === 'ArrowLeft') row?.querySelector<HTMLElement>('a')?.focus();
  };

  return (
    <table
      ref={table}
      tabIndex={-1}
      onKeyDown={onKeyDown}
      className="w-full table-fixed border-collapse text-left outline-none"
      aria-rowcount={rows.length + 1}
    >
      <caption className="sr-only">Agents. Arrow keys move between rows, Enter opens an agent.</caption>
      <thead className="sticky top-0 z-1 text-xs text-ink-2">
        <tr
          className="h-9 [&>th]:bg-surface [&>th]:shadow-[inset_0_-1px_0_var(--line)] [&>th:first-child]:rounded-tl-lg [&>th:last-child]:rounded-tr-lg"
          aria-rowindex={1}
        >
          {columns.map((column) => (
            <Head key={column.key} column={column} view={view} onSort={onSort} />
          ))}
        </tr>
      </thead>
      <tbody ref={body}>
        {first > 0 && (
          <tr aria-hidden="true">
            <td colSpan={columns.length} style={{ height: first * rowHeight }} className="p-0" />
          </tr>
        )}
        {rows.slice(first, end).map((row, index) => (
          <AgentRow
            key={row.agent.agent_id}
            row={row}
            index={first + index}
            height={rowHeight}
            active={first + index === at}
            host={row.agent.host_id === null ? undefined : hosts.get(row.agent.host_id)}
            runs={runs.get(row.agent.agent_id)}
            open={given.find((each) => each.agentId === row.agent.agent_id && isOpen(each.state))}
            allowed={allowed}
            onFocus={setActive}
            onAct={onAct}
          />
        ))}
        {end < rows.length && (
          <tr aria-hidden="true">
            <td colSpan={columns.length} style={{ height: (rows.length - end) * rowHeight }} className="p-0" />
          </tr>
        )}
      </tbody>
    </table>
  );
}

function Head({
  column,
  view,
  onSort,
}: {
  readonly column: Column;
  readonly view: View;
  readonly onSort: (key: SortKey) => void;
}): ReactNode {
  const { sort } = column;
  const sorted = sort !== undefined && view.sort === sort;
  const edge = column.key === 'agent' ? 'pl-4' : column.key === 'actions' ? 'pr-2' : 'px-2';
  return (
    <th
      scope="col"
      className={`font-medium ${edge} ${column.className}`}
      aria-sort={sorted ? (view.descending ? 'descending' : 'ascending') : undefined}
    >
      {column.key === 'actions' ? (
        <span className="sr-only">Actions</span>
      ) : sort === undefined ? (
        column.label
      ) : (
        <button
          type="button"
          className={`inline-flex items-center gap-1 rounded-sm align-middle hover:text-ink ${sorted ? 'text-ink' : ''} ${column.className.includes('text-right') ? 'flex-row-reverse' : ''}`}
          onClick={() => onSort(sort)}
        >
          {column.label}
          <Icon name={sorted && view.descending ? 'down' : 'up'} className={`size-3 ${sorted ? '' : 'opacity-0'}`} />
        </button>
      )}
    </th>
  );
}
