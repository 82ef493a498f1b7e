import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type ReactNode, useCallback, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useMay } from '../../../api/use-may.ts';
import { Answered } from '../../../ui/answered.tsx';
import { DataTable, dataRow } from '../../../ui/data-table.tsx';
import { AreaField, TextField } from '../../../ui/field.tsx';
import { FormDialog, textOf } from '../../../ui/form-dialog.tsx';
import { grouped } from '../../../ui/format.ts';
import { Ago, AsOf, Button, Empty, PageHeader } from '../../../ui/primitives.tsx';
import { SearchField } from '../../../ui/search-field.tsx';
import { datasetAddress, datasetQueries, makeDataset } from './queries.ts';

/** Examples of what goes in and what should come out, to measure changes by. */
export function DatasetsPage(): ReactNode {
  const [search, setSearch] = useState('');
  const query = useQuery({ ...datasetQueries.list(search), placeholderData: keepPreviousData });
  const may = useMay('traces:write');
  const [making, setMaking] = useState(false);
  const close = useCallback(() => setMaking(false), []);
  return (
    <>
      {making && <DatasetForm onClose={close} />}
      <PageHeader title="Datasets" note={<AsOf at={query.dataUpdatedAt} staleAfterMs={60_000} />}>
        <SearchField label="Find by name" className="w-full sm:w-56" value={search} onChange={setSearch} />
        {may && (
          <Button kind="primary" onClick={() => setMaking(true)}>
            New dataset
          </Button>
        )}
      </PageHeader>
      <div className="card min-w-0">
        <Answered query={query}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title={search === '' ? 'No dataset yet' : 'No dataset is called so'} icon="book">
                Mark runs in the{' '}
                <Link href="/traces" className="underline">
                  list of traces
                </Link>{' '}
                and add them to one, import a file, or make one with LangSmith's SDK.
              </Empty>
            ) : (
              <DataTable
                label="Datasets, the newest first"
                minWidth="min-w-[36rem]"
                columns={[
                  { title: 'Dataset' },
                  { title: 'Examples', right: true },
                  { title: 'Experiments', right: true },
                  { title: 'Changed', right: true },
                ]}
              >
                {items.map((dataset) => (
                  <tr key={dataset.dataset_id} className={dataRow}>
                    <th scope="row">
                      <Link href={datasetAddress(dataset.dataset_id)} className="font-medium [overflow-wrap:anywhere] hover:underline">
                        {dataset.name}
                      </Link>
                      {dataset.description !== null && dataset.description !== '' && (
                        <span className="block text-xs text-ink-2 [overflow-wrap:anywhere]">{dataset.description}</span>
                      )}
                    </th>
                    <td className="text-right">{grouped(dataset.examples)}</td>
                    <td className="text-right">{grouped(dataset.experiments)}</td>
                    <td className="text-right">
                      <Ago at={dataset.modified_at} />
                    </td>
                  </tr>
                ))}
              </DataTable>
            )
          }
        </Answered>
      </div>
    </>
  );
}

function DatasetForm({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [, navigate] = useLocation();
  return (
    <FormDialog
      title="New dataset"
      verb="Make it"
      concerns={['datasets']}
      onClose={onClose}
      send={async (given) => {
        const description = textOf(given, 'description');
        const made = await makeDataset({ name: textOf(given, 'name'), ...(description === '' ? {} : { description }) });
        navigate(datasetAddress(made.dataset_id));
      }}
    >
      {(faultOf) => (
        <>
          <TextField label="Name" name="name" autoFocus required maxLength={512} error={faultOf('/name')} />
          <AreaField label="What its examples are about" name="description" error={faultOf('/description')} />
        </>
      )}
    </FormDialog>
  );
}
