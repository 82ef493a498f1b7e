import { queryOptions, useMutation, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { call } from '../../../api/client.ts';
import { problemOf } from '../../../api/problem.ts';
import { useMay } from '../../../api/use-may.ts';
import { Answered } from '../../../ui/answered.tsx';
import { Card } from '../../../ui/card.tsx';
import { DataTable, dataRow } from '../../../ui/data-table.tsx';
import { formatCount, formatUsd, grouped, words } from '../../../ui/format.ts';
import { Icon } from '../../../ui/icons.tsx';
import { Button, Empty, PageHeader, Prose } from '../../../ui/primitives.tsx';
import { useQuestion } from '../../../ui/use-question.tsx';
import { formatCost } from '../money.ts';

interface Provider {
  readonly name: string;
  readonly kind: string;
  readonly base_url: string;
  readonly has_key: boolean;
  readonly routes: readonly { readonly model: string; readonly as: string | null; readonly fallbacks: readonly string[] }[];
  readonly priority: number;
  readonly enabled: boolean;
}

interface Tested {
  readonly provider: string;
  readonly reached: boolean;
  readonly models: number | null;
  readonly latency_ms: number;
  readonly error: string | null;
  readonly remedy: string | null;
}

interface Savings {
  readonly cost: string;
  readonly saved: string;
  readonly items: readonly {
    readonly outcome: string;
    readonly requests: number;
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly cost: string;
    readonly saved: string;
    readonly unpriced: number;
  }[];
}

interface Limits {
  readonly key_id: string;
  readonly usd_per_day: number | null;
  readonly usd_per_month: number | null;
  readonly is_hard: boolean;
  readonly requests_per_minute: number | null;
  readonly tokens_per_minute: number | null;
}

const everyMs = 15_000;
const gatewayQueries = {
  providers: () =>
    queryOptions({
      queryKey: ['gateway', 'providers'],
      queryFn: ({ signal }) => call<{ readonly items: readonly Provider[] }>('/gateway/providers', { signal }),
      refetchInterval: everyMs,
    }),
  savings: () =>
    queryOptions({
      queryKey: ['gateway', 'savings'],
      queryFn: ({ signal }) => call<Savings>('/gateway/savings', { query: { from: 'now-30d' }, signal }),
      refetchInterval: everyMs,
    }),
  limits: () =>
    queryOptions({
      queryKey: ['gateway', 'limits'],
      queryFn: ({ signal }) => call<{ readonly items: readonly Limits[] }>('/gateway/limits', { signal }),
      refetchInterval: everyMs,
    }),
};

/** Where calls of models go, what was paid and saved on the way, and what keys may spend. */
export function GatewayPage(): ReactNode {
  return (
    <>
      <PageHeader title="Gateway">
        <code className="text-xs text-ink-2">OPENAI_BASE_URL={location.origin}/openai/v1</code>
      </PageHeader>
      <SavingsCard />
      <ProvidersCard />
      <LimitsCard />
    </>
  );
}

const outcomes: Readonly<Record<string, string>> = {
  provider: 'Asked a provider',
  exact: 'Answered from the cache',
  coalesced: 'Shared an answer that was under way',
  semantic: 'Answered with that to a similar request',
  batch: 'Deferred to a batch',
};

function SavingsCard(): ReactNode {
  const query = useQuery(gatewayQueries.savings());
  return (
    <Card
      title="Paid and saved, 30 days"
      flush
      aside={
        query.data && (
          <p>
            <span className="font-medium">{formatCost(query.data.cost)}</span> <span className="text-ink-2">paid,</span>{' '}
            <span className="font-medium text-ok">{formatCost(query.data.saved)}</span> <span className="text-ink-2">saved</span>
          </p>
        )
      }
    >
      <Answered query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No call has come through the gateway" icon="spark">
              Point an OpenAI client at the address above, with a key that may <code>gateway:write</code>.
            </Empty>
          ) : (
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
              {items.map((item) => (
                <tr key={item.outcome} className={dataRow}>
                  <th scope="row">{outcomes[item.outcome] ?? words(item.outcome)}</th>
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
          )
        }
      </Answered>
    </Card>
  );
}

function ProvidersCard(): ReactNode {
  const query = useQuery(gatewayQueries.providers());
  const may = useMay('gateway:manage');
  const { ask, dialog } = useQuestion();
  return (
    <Card title="Providers" flush>
      {dialog}
      <Answered query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No provider is configured" icon="chain">
              <code>muster gateway set-provider</code> adds one; its key is kept sealed.
            </Empty>
          ) : (
            <DataTable
              label="Providers"
              columns={[{ title: 'Provider' }, { title: 'Address' }, { title: 'Models' }, { title: 'Actions', hidden: true }]}
            >
              {items.map((provider) => (
                <tr key={provider.name} className={`${dataRow} ${provider.enabled ? '' : 'text-ink-3'}`}>
                  <th scope="row">
                    <span className="font-medium">{provider.name}</span>
                    <span className="block text-xs text-ink-3">
                      {provider.kind}
                      {!provider.enabled && ', off'}
                      {!provider.has_key && ', without a key'}
                    </span>
                  </th>
                  <td className="[overflow-wrap:anywhere]">{provider.base_url}</td>
                  <td className="[overflow-wrap:anywhere]">
                    {provider.routes.length === 0
                      ? 'every model'
                      : provider.routes
                          .map(
                            ({ as, fallbacks, model }) =>
                              `${model}${as === null ? '' : ` as ${as}`}${fallbacks.length === 0 ? '' : `, else ${fallbacks.join(', ')}`}`,
                          )
                          .join('; ')}
                  </td>
                  <td className="text-right whitespace-nowrap">
                    {may && (
                      <>
                        <TestButton name={provider.name} />
                        <Button
                          kind="ghost"
                          icon="close"
                          aria-label={`Remove ${provider.name}`}
                          onClick={() =>
                            ask({
                              title: `Remove ${provider.name}?`,
                              text: 'Its models are refused from then on, unless another provider serves them.',
                              verb: 'Remove',
                              isGrave: true,
                              act: () => call(`/gateway/providers/${encodeURIComponent(provider.name)}`, { method: 'DELETE' }),
                              concerns: ['gateway'],
                            })
                          }
                        />
                      </>
                    )}
                  </td>
                </tr>
              ))}
            </DataTable>
          )
        }
      </Answered>
    </Card>
  );
}

function TestButton({ name }: { readonly name: string }): ReactNode {
  const test = useMutation({
    mutationFn: () => call<Tested>(`/gateway/providers/${encodeURIComponent(name)}/test`, { method: 'POST' }),
  });
  const problem = test.isError ? problemOf(test.error) : undefined;
  return (
    <span className="inline-flex flex-col items-end whitespace-normal">
      <Button kind="ghost" icon="run_now" disabled={test.isPending} onClick={() => test.mutate()} aria-label={`Test ${name}`}>
        Test
      </Button>
      <span aria-live="polite" className="max-w-64 text-xs empty:hidden">
        {test.data &&
          (test.data.reached ? (
            <span className="inline-flex items-center gap-1 text-ok">
              <Icon name="check" className="size-3.5" />
              {test.data.models === null ? 'reached' : `${grouped(test.data.models)} models`} in {Math.round(test.data.latency_ms)} ms
            </span>
          ) : (
            <span className="text-bad">
              {test.data.error} {test.data.remedy !== null && <Prose text={test.data.remedy} />}
            </span>
          ))}
        {problem && <span className="text-bad">{problem.message}</span>}
      </span>
    </span>
  );
}

function LimitsCard(): ReactNode {
  const query = useQuery(gatewayQueries.limits());
  const usd = (value: number | null): string => (value === null ? 'no limit' : formatUsd(value));
  const rate = (value: number | null): string => (value === null ? 'no limit' : grouped(value));
  return (
    <Card title="What keys may spend" flush>
      <Answered query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No key has a limit" icon="key">
              <code>muster gateway set-limits</code> gives a key a budget for each day or month, and a rate.
            </Empty>
          ) : (
            <DataTable
              label="Budgets and rates of keys"
              columns={[
                { title: 'Key' },
                { title: 'A day', right: true },
                { title: 'A month', right: true },
                { title: 'Requests a minute', right: true },
                { title: 'Tokens a minute', right: true },
                { title: 'Beyond it' },
              ]}
            >
              {items.map((item) => (
                <tr key={item.key_id} className={dataRow}>
                  <th scope="row">{item.key_id === '*' ? 'every other key' : <code>{item.key_id}</code>}</th>
                  <td className="text-right">{usd(item.usd_per_day)}</td>
                  <td className="text-right">{usd(item.usd_per_month)}</td>
                  <td className="text-right">{rate(item.requests_per_minute)}</td>
                  <td className="text-right">{rate(item.tokens_per_minute)}</td>
                  <td>{item.is_hard ? 'refused' : 'told, and let through'}</td>
                </tr>
              ))}
            </DataTable>
          )
        }
      </Answered>
    </Card>
  );
}
