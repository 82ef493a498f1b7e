import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { Card } from '../../../ui/card.tsx';
import { DataTable, dataRow } from '../../../ui/data-table.tsx';
import { formatCount, formatRatio, formatSeconds, grouped, words } from '../../../ui/format.ts';
import { Select } from '../../../ui/select.tsx';
import { listAddress, type View } from '../address.ts';
import { formatCost } from '../money.ts';
import { runTypes } from '../types.ts';
import { groupName } from './charts.ts';
import { type GroupFigures, type Grouping, type Order, orders } from './types.ts';

const orderNames: Readonly<Record<Order, string>> = {
  runs: 'Most runs first',
  errors: 'Most errors first',
  total_cost: 'Dearest first',
  total_tokens: 'Most tokens first',
};

/** The same figures by model, user, prompt … each a way to its runs. */
export function GroupTable({
  by,
  items,
  groups,
  order,
  onOrder,
  project,
  range,
}: {
  readonly by: Grouping;
  readonly items: readonly GroupFigures[];
  readonly groups: number;
  readonly order: Order;
  readonly onOrder: (order: Order) => void;
  readonly project: string;
  readonly range: Pick<View, 'from'>;
}): ReactNode {
  return (
    <Card
      title={`By ${words(by)}`}
      flush
      aside={
        <>
          {groups > items.length && <span className="text-xs text-ink-3">{grouped(groups)} in all</span>}
          <Select label="Order" value={order} onChange={(event) => onOrder(event.target.value as Order)}>
            {orders.map((each) => (
              <option key={each} value={each}>
                {orderNames[each]}
              </option>
            ))}
          </Select>
        </>
      }
    >
      <DataTable
        label={`Figures by ${words(by)}`}
        minWidth="min-w-[60rem]"
        columns={[
          { title: words(by).replace(/^./, (first) => first.toUpperCase()) },
          { title: 'Runs', right: true },
          { title: 'Errors', right: true },
          { title: 'Half', right: true },
          { title: '95 %', right: true },
          { title: 'First token, 95 %', right: true },
          { title: 'Tokens', right: true },
          { title: 'Cost', right: true },
        ]}
      >
        {items.map((item) => (
          <GroupRow key={item.group ?? '\0'} by={by} item={item} project={project} range={range} />
        ))}
      </DataTable>
    </Card>
  );
}

function GroupRow({
  by,
  item,
  project,
  range,
}: {
  readonly by: Grouping;
  readonly item: GroupFigures;
  readonly project: string;
  readonly range: Pick<View, 'from'>;
}): ReactNode {
  const seconds = (value: number | null): string => (value === null ? '–' : formatSeconds(value));
  const name = groupName(item.group);
  const narrowed = item.group === null || item.group === '' ? undefined : narrowTo(by, item.group);
  return (
    <tr className={dataRow}>
      <th scope="row" className="max-w-80">
        {narrowed === undefined ? (
          <span className="text-ink-3">{name}</span>
        ) : (
          <Link href={listAddress({ project, all: true, ...range, ...narrowed })} className="block truncate font-medium hover:underline">
            {name}
          </Link>
        )}
      </th>
      <td className="text-right">{formatCount(item.runs)}</td>
      <td className="text-right">
        {formatCount(item.errors)}
        {item.errors > 0 && item.error_rate !== null && <span className="block text-xs text-bad">{formatRatio(item.error_rate)}</span>}
      </td>
      <td className="text-right">{seconds(item.latency_p50_seconds)}</td>
      <td className="text-right">{seconds(item.latency_p95_seconds)}</td>
      <td className="text-right">{seconds(item.first_token_p95_seconds)}</td>
      <td className="text-right">
        {formatCount(item.total_tokens)}
        {item.cached_tokens > 0 && <span className="block text-xs text-ink-3">{formatCount(item.cached_tokens)} cached</span>}
      </td>
      <td className="text-right">
        {formatCost(item.total_cost)}
        {item.unpriced_runs > 0 && <span className="block text-xs text-warn">{grouped(item.unpriced_runs)} without a price</span>}
      </td>
    </tr>
  );
}

function narrowTo(by: Grouping, group: string): Partial<View> {
  switch (by) {
    case 'project':
    case 'model':
    case 'prompt':
    case 'user':
    case 'tag':
      return { [by]: group };
    case 'name':
      return { filter: `eq(name, ${JSON.stringify(group)})` };
    case 'run_type':
      return { type: runTypes.find((each) => each === group) ?? '' };
  }
}
