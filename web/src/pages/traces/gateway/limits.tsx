import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { call } from '../../../api/client.ts';
import { useMay } from '../../../api/use-may.ts';
import { Answered } from '../../../ui/answered.tsx';
import { Card } from '../../../ui/card.tsx';
import { DataTable, dataRow } from '../../../ui/data-table.tsx';
import { formatCount, formatUsd } from '../../../ui/format.ts';
import { Gauge } from '../../../ui/gauge.tsx';
import { Button, Empty } from '../../../ui/primitives.tsx';
import { useQuestion } from '../../../ui/use-question.tsx';
import { LimitsForm } from './limits-form.tsx';
import { type AccessKey, gatewayQueries, type Limits } from './queries.ts';

/** The budgets and rates of keys, and how much of them is used. */
export function LimitsCard(): ReactNode {
  const limits = useQuery(gatewayQueries.limits());
  const may = useMay('gateway:manage');
  const mayName = useMay('keys:manage');
  const keys = useQuery({ ...gatewayQueries.keys(), enabled: mayName });
  const [edited, setEdited] = useState<Limits | 'new'>();
  return (
    <Card
      title="What keys may spend"
      flush
      aside={
        may && (
          <Button kind="ghost" onClick={() => setEdited('new')}>
            Limit a key
          </Button>
        )
      }
    >
      {edited !== undefined && (
        <LimitsForm
          limits={edited === 'new' ? undefined : edited}
          keys={keys.data?.items ?? []}
          taken={limits.data?.items.map(({ key_id: id }) => id) ?? []}
          onClose={() => setEdited(undefined)}
        />
      )}
      <Answered query={limits}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No key has a limit" icon="key">
              Give one a budget for each day or month, or a rate. <code>muster gateway limit</code> does the same.
            </Empty>
          ) : (
            <LimitsTable items={items} keys={keys.data?.items ?? []} onEdit={may ? setEdited : undefined} />
          )
        }
      </Answered>
    </Card>
  );
}

function LimitsTable({
  items,
  keys,
  onEdit,
}: {
  readonly items: readonly Limits[];
  readonly keys: readonly AccessKey[];
  readonly onEdit: ((limits: Limits) => void) | undefined;
}): ReactNode {
  const { ask, dialog } = useQuestion();
  const names = new Map(keys.map(({ key_id: id, name }) => [id, name]));
  const remove = (limits: Limits, name: string): void =>
    ask({
      title: `Limit ${name} no more?`,
      text:
        limits.key_id === '*'
          ? 'Keys without limits of their own may then spend and ask as much as they want.'
          : 'What holds for every other key holds for it then; where nothing does, it may spend and ask as much as it wants.',
      verb: 'Remove the limits',
      isGrave: true,
      act: () => call(`/gateway/limits/${encodeURIComponent(limits.key_id)}`, { method: 'DELETE' }),
      concerns: ['gateway'],
    });
  return (
    <>
      {dialog}
      <DataTable
        label="Budgets and rates of keys"
        columns={[
          { title: 'Key' },
          { title: 'Today' },
          { title: 'This month' },
          { title: 'Requests a minute' },
          { title: 'Tokens a minute' },
          { title: 'Beyond the budget' },
          { title: 'Actions', hidden: true },
        ]}
      >
        {items.map((limits) => {
          const { used } = limits;
          const name = limits.key_id === '*' ? 'every other key' : (names.get(limits.key_id) ?? limits.key_id);
          return (
            <tr key={limits.key_id} className={dataRow}>
              <th scope="row">
                <span className="font-medium">{name}</span>
                {name !== limits.key_id && limits.key_id !== '*' && <code className="block text-xs text-ink-3">{limits.key_id}</code>}
              </th>
              <td>
                <Use name={`Budget of ${name} today`} used={used?.usd_today} limit={limits.usd_per_day} format={formatUsd} />
              </td>
              <td>
                <Use name={`Budget of ${name} this month`} used={used?.usd_this_month} limit={limits.usd_per_month} format={formatUsd} />
              </td>
              <td>
                <Use
                  name={`Requests of ${name} this minute`}
                  used={used?.requests_this_minute}
                  limit={limits.requests_per_minute}
                  format={formatCount}
                />
              </td>
              <td>
                <Use
                  name={`Tokens of ${name} this minute`}
                  used={used?.tokens_this_minute}
                  limit={limits.tokens_per_minute}
                  format={formatCount}
                />
              </td>
              <td>{limits.is_hard ? 'refused' : 'let through, with a warning'}</td>
              <td className="text-right whitespace-nowrap">
                {onEdit && (
                  <span className="inline-flex items-center">
                    <Button kind="ghost" aria-label={`Change the limits of ${name}`} onClick={() => onEdit(limits)}>
                      Change
                    </Button>
                    <Button kind="ghost" icon="close" aria-label={`Remove the limits of ${name}`} onClick={() => remove(limits, name)} />
                  </span>
                )}
              </td>
            </tr>
          );
        })}
      </DataTable>
    </>
  );
}

/** undefined: of many keys, each by itself. null: nothing limits it. */
function Use({
  name,
  used,
  limit,
  format,
}: {
  readonly name: string;
  readonly used: number | undefined;
  readonly limit: number | null;
  readonly format: (value: number) => string;
}): ReactNode {
  if (limit === null)
    return <span className="text-ink-3">{used === undefined || used === 0 ? 'no limit' : `${format(used)}, no limit`}</span>;
  if (used === undefined) return `${format(limit)} each`;
  return <Gauge name={name} used={used} limit={limit} format={format} />;
}
