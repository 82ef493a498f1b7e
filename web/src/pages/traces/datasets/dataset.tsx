import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useLocation } from 'wouter';
import { useMay } from '../../../api/use-may.ts';
import { Answered } from '../../../ui/answered.tsx';
import { Menu } from '../../../ui/menu.tsx';
import { Button, PageHeader } from '../../../ui/primitives.tsx';
import { useQuestion } from '../../../ui/use-question.tsx';
import { ExamplesCard } from './examples.tsx';
import { ExperimentsCard } from './experiments.tsx';
import { ImportForm } from './import-form.tsx';
import { type Dataset, datasetQueries, dropDataset, exportAddress } from './queries.ts';

/** One dataset: how experiments on it went, and its examples. */
export function DatasetPage({ id }: { readonly id: string }): ReactNode {
  const query = useQuery(datasetQueries.one(id));
  return (
    <Answered query={query}>
      {(dataset) => (
        <>
          <Header dataset={dataset} />
          <ExperimentsCard dataset={dataset} />
          <ExamplesCard dataset={dataset} />
        </>
      )}
    </Answered>
  );
}

function Header({ dataset }: { readonly dataset: Dataset }): ReactNode {
  const may = useMay('traces:write');
  const [, navigate] = useLocation();
  const [imports, setImports] = useState(false);
  const { ask, dialog } = useQuestion();
  const save = (format: 'jsonl' | 'csv'): void => location.assign(exportAddress(dataset.dataset_id, format));
  const changes = [
    {
      id: 'remove',
      label: 'Delete the dataset',
      icon: 'close',
      onSelect: () =>
        ask({
          title: `Delete ${dataset.name}?`,
          text: 'Its examples go with it. The runs of its experiments stay, as runs of their projects.',
          verb: 'Delete',
          isGrave: true,
          act: () => dropDataset(dataset.dataset_id),
          concerns: ['datasets'],
          after: () => navigate('/traces/datasets'),
        }),
    },
  ] as const;
  return (
    <>
      {dialog}
      {imports && <ImportForm dataset={dataset} onClose={() => setImports(false)} />}
      <PageHeader title={dataset.name}>
        {may && (
          <Button icon="share" onClick={() => setImports(true)}>
            Import
          </Button>
        )}
        <Menu
          label="More of this dataset"
          items={[
            { id: 'jsonl', label: 'Save as JSON Lines', icon: 'download', onSelect: () => save('jsonl') },
            { id: 'csv', label: 'Save as CSV', icon: 'download', onSelect: () => save('csv') },
            ...(may ? changes : []),
          ]}
        />
      </PageHeader>
      {dataset.description !== null && dataset.description !== '' && <p className="text-ink-2">{dataset.description}</p>}
    </>
  );
}
