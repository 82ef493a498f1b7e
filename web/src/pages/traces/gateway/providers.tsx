import { useMutation, useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { call } from '../../../api/client.ts';
import { problemOf } from '../../../api/problem.ts';
import { useMay } from '../../../api/use-may.ts';
import { Answered } from '../../../ui/answered.tsx';
import { Card } from '../../../ui/card.tsx';
import { DataTable, dataRow } from '../../../ui/data-table.tsx';
import { grouped } from '../../../ui/format.ts';
import { Icon } from '../../../ui/icons.tsx';
import { Button, Empty, Prose } from '../../../ui/primitives.tsx';
import { useQuestion } from '../../../ui/use-question.tsx';
import { ProviderForm } from './provider-form.tsx';
import { ProviderHealth } from './provider-health.tsx';
import { gatewayQueries, type Provider } from './queries.ts';
import { routeLine } from './routes-text.ts';

interface Tested {
  readonly provider: string;
  readonly reached: boolean;
  readonly models: number | null;
  readonly latency_ms: number;
  readonly error: string | null;
  readonly remedy: string | null;
}

/** Where calls of models go. */
export function ProvidersCard(): ReactNode {
  const query = useQuery(gatewayQueries.providers());
  const may = useMay('gateway:manage');
  const { ask, dialog } = useQuestion();
  const [edited, setEdited] = useState<Provider | 'new'>();
  return (
    <Card
      title="Providers"
      flush
      aside={
        may && (
          <Button kind="ghost" onClick={() => setEdited('new')}>
            New provider
          </Button>
        )
      }
    >
      {dialog}
      {edited !== undefined && <ProviderForm provider={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} />}
      <Answered query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No provider is configured" icon="chain">
              Calls come here with a key of Muster, and go on with the provider's own, which is kept sealed. <code>muster gateway add</code>{' '}
              adds one, too.
            </Empty>
          ) : (
            <DataTable
              label="Providers, those asked first above"
              columns={[
                { title: 'Provider' },
                { title: 'Address' },
                { title: 'Models' },
                { title: 'Health' },
                { title: 'Actions', hidden: true },
              ]}
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
                    {provider.routes.length === 0 ? 'every model' : provider.routes.map(routeLine).join('; ')}
                  </td>
                  <td>
                    <ProviderHealth health={provider.health} />
                  </td>
                  <td className="text-right whitespace-nowrap">
                    {may && (
                      <span className="inline-flex items-start">
                        <TestButton name={provider.name} />
                        <Button kind="ghost" aria-label={`Change ${provider.name}`} onClick={() => setEdited(provider)}>
                          Change
                        </Button>
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
                      </span>
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
