import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo, useState } from 'react';
import { serverNow } from '../../../api/server-clock.ts';
import { swatch } from '../../../charts/colours.ts';
import { Answered } from '../../../ui/answered.tsx';
import { Card } from '../../../ui/card.tsx';
import { DataTable, dataRow } from '../../../ui/data-table.tsx';
import { formatCount, formatRatio, grouped } from '../../../ui/format.ts';
import { Button, Empty } from '../../../ui/primitives.tsx';
import { Segmented } from '../../../ui/segmented.tsx';
import { ProjectSelect } from '../list/filter-bar.tsx';
import { formatCost } from '../money.ts';
import { gatewayQueries, outcomes, type Savings } from './queries.ts';
import { type Day, daysOf, outcomeNames, savers } from './reckoning.ts';

const spans = [
  { value: '7', label: '7 d', spoken: '7 days' },
  { value: '30', label: '30 d', spoken: '30 days' },
  { value: '90', label: '90 d', spoken: '90 days' },
] as const;
type Span = (typeof spans)[number]['value'];

/** What was paid, and what would have been paid besides: each request by the price that applied to it. */
export function SavingsPart(): ReactNode {
  const [project, setProject] = useState('');
  const [span, setSpan] = useState<Span>('30');
  const query = useQuery(gatewayQueries.savings(project, Number(span)));
  return (
    <Card
      title="Paid and saved"
      flush
      aside={
        <>
          <ProjectSelect value={project} onChange={setProject} />
          <Segmented<Span> legend="How far back" options={spans} value={span} onChange={setSpan} />
        </>
      }
    >
      <Answered query={query}>
        {(savings) =>
          savings.items.length === 0 ? (
            <Empty title="No call has come through the gateway" icon="spark">
              Point an OpenAI client at the address above, with a key that may <code>gateway:write</code>.
            </Empty>
          ) : (
            <>
              <Sums savings={savings} />
              <Days savings={savings} count={Number(span)} />
              <Ways savings={savings} />
            </>
          )
        }
      </Answered>
    </Card>
  );
}

function Sums({ savings: { cost, items, saved } }: { readonly savings: Savings }): ReactNode {
  const whole = Number(cost) + Number(saved);
  const requests = items.reduce((sum, each) => sum + each.requests, 0);
  return (
    <dl className="flex flex-wrap gap-x-8 gap-y-2 px-4 pt-3 [&_dd]:text-lg [&_dd]:font-medium [&_dt]:text-xs [&_dt]:text-ink-2">
      <div>
        <dt>Paid</dt>
        <dd>{formatCost(cost)}</dd>
      </div>
      <div>
        <dt>Saved</dt>
        <dd className="text-ok">
          {formatCost(saved)}
          {whole > 0 && <span className="ml-2 text-sm font-normal text-ink-2">{formatRatio(Number(saved) / whole)} of the price</span>}
        </dd>
      </div>
      <div>
        <dt>Requests</dt>
        <dd>{grouped(requests)}</dd>
      </div>
    </dl>
  );
}

/** Stacked by what saved; what was saved by nothing has no bar. The table says the same in figures. */
function Days({ savings, count }: { readonly savings: Savings; readonly count: number }): ReactNode {
  const [asTable, setAsTable] = useState(false);
  const today = Math.floor(serverNow() / 86_400_000) * 86_400_000;
  const days = useMemo(() => daysOf(savings.days, today, count), [savings.days, today, count]);
  const highest = Math.max(...days.map(({ saved }) => saved));
  const shown = savers.flatMap((saver, index) => (days.some(({ parts }) => (parts[index] ?? 0) > 0) ? [{ saver, index }] : []));
  return (
    <section aria-label="Saved by day" className="px-4 pt-4 pb-3">
      <div className="mb-1 flex flex-wrap items-center gap-x-4 gap-y-1">
        <h3 className="text-xs font-medium text-ink-2">Saved by day (UTC)</h3>
        <ul className="flex flex-wrap gap-x-3 gap-y-1 text-xs text-ink-2">
          {shown.map(({ index, saver }) => (
            <li key={saver} className="flex items-center gap-1.5">
              <span aria-hidden="true" className="size-2 rounded-sm" style={{ background: swatch(index) }} />
              {outcomeNames[saver]}
            </li>
          ))}
        </ul>
        <Button
          kind="ghost"
          icon={asTable ? 'chart' : 'table'}
          className="ml-auto"
          aria-pressed={asTable}
          aria-label="Saved by day as a table"
          onClick={() => setAsTable(!asTable)}
        />
      </div>
      {asTable ? <DayTable days={days} shown={shown} /> : <Bars days={days} highest={highest} />}
    </section>
  );
}

function Bars({ days, highest }: { readonly days: readonly Day[]; readonly highest: number }): ReactNode {
  if (highest === 0) return <p className="py-4 text-center text-xs text-ink-3">Nothing was saved in this time.</p>;
  const best = days.reduce((most, each) => (each.saved > most.saved ? each : most));
  return (
    <div role="img" aria-label={`Saved by day, the most on ${best.day}: ${formatCost(best.saved)}`}>
      <div className="flex h-28 items-end gap-px border-b border-line">
        {days.map(({ day, parts, saved }) => (
          <span key={day} className="group flex h-full min-w-0 flex-1 flex-col justify-end" title={`${day}: ${formatCost(saved)} saved`}>
            <span
              className="mx-auto flex w-full max-w-8 flex-col-reverse overflow-hidden rounded-t-sm group-hover:brightness-110"
              style={{ height: `${(saved / highest) * 100}%` }}
            >
              {parts.map(
                (part, index) => part > 0 && <span key={index} style={{ height: `${(part / saved) * 100}%`, background: swatch(index) }} />,
              )}
            </span>
          </span>
        ))}
      </div>
      <div className="flex justify-between pt-1 text-2xs text-ink-3">
        <span>{days[0]?.day}</span>
        <span>up to {formatCost(highest)} a day</span>
        <span>{days.at(-1)?.day}</span>
      </div>
    </div>
  );
}

function DayTable({
  days,
  shown,
}: {
  readonly days: readonly Day[];
  readonly shown: readonly { readonly saver: (typeof savers)[number]; readonly index: number }[];
}): ReactNode {
  return (
    <div className="max-h-72 overflow-auto">
      <DataTable
        label="Paid and saved by day, the newest first"
        minWidth="min-w-[32rem]"
        columns={[
          { title: 'Day' },
          { title: 'Paid', right: true },
          ...shown.map(({ saver }) => ({ title: outcomeNames[saver], right: true })),
          { title: 'Saved', right: true },
        ]}
      >
        {days
          .filter(({ cost, saved }) => cost > 0 || saved > 0)
          .toReversed()
          .map(({ cost, day, parts, saved }) => (
            <tr key={day} className={dataRow}>
              <th scope="row">{day}</th>
              <td className="text-right">{formatCost(cost)}</td>
              {shown.map(({ index, saver }) => (
                <td key={saver} className="text-right">
                  {formatCost(parts[index])}
                </td>
              ))}
              <td className="text-right font-medium">{formatCost(saved)}</td>
            </tr>
          ))}
      </DataTable>
    </div>
  );
}

function Ways({ savings: { items } }: { readonly savings: Savings }): ReactNode {
  return (
    <div className="border-t border-line">
      <DataTable
        label="How requests were answered"
        columns={[
          { title: 'How' },
          { title: 'Requests', right: true },
          { title: 'Input tokens', right: true },
          { title: 'Output tokens', right: true },
          { title: 'Paid', right: true },
          { title: 'Saved', right: true },
        ]}
      >
        {items
          .toSorted((a, b) => outcomes.indexOf(a.outcome) - outcomes.indexOf(b.outcome))
          .map((item) => (
            <tr key={item.outcome} className={dataRow}>
              <th scope="row">{outcomeNames[item.outcome]}</th>
              <td className="text-right">{grouped(item.requests)}</td>
              <td className="text-right">{formatCount(item.prompt_tokens)}</td>
              <td className="text-right">{formatCount(item.completion_tokens)}</td>
              <td className="text-right">
                {formatCost(item.cost)}
                {item.unpriced > 0 && <span className="block text-xs text-warn">{grouped(item.unpriced)} without a price</span>}
              </td>
              <td className="text-right">{formatCost(item.saved)}</td>
            </tr>
          ))}
      </DataTable>
    </div>
  );
}
