import { useInfiniteQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { useMay } from '../../../api/use-may.ts';
import { Card } from '../../../ui/card.tsx';
import { DataTable, dataRow } from '../../../ui/data-table.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { grouped } from '../../../ui/format.ts';
import { PagedList } from '../../../ui/paged-list.tsx';
import { Ago, Button, Empty } from '../../../ui/primitives.tsx';
import { Select } from '../../../ui/select.tsx';
import { useQuestion } from '../../../ui/use-question.tsx';
import { listAddress } from '../address.ts';
import { JsonView } from '../conversation/json-view.tsx';
import { lineOf } from './line.ts';
import { type Dataset, datasetQueries, dropExample, type Example } from './queries.ts';

/** The examples, of all splits or of one. */
export function ExamplesCard({ dataset }: { readonly dataset: Dataset }): ReactNode {
  const [split, setSplit] = useState('');
  const listed = useInfiniteQuery(datasetQueries.examples(dataset.dataset_id, split));
  const [open, setOpen] = useState<Example>();
  const loaded = listed.data?.pages.flatMap((page) => page.items) ?? [];
  const splits = [...new Set([...(split === '' ? [] : [split]), ...loaded.flatMap((example) => example.splits)])].toSorted();
  return (
    <Card
      title={`Examples, ${grouped(dataset.examples)}`}
      flush
      aside={
        <Select label="Split" value={split} onChange={(event) => setSplit(event.target.value)}>
          <option value="">All splits</option>
          {splits.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </Select>
      }
    >
      {open && <ExampleDialog dataset={dataset} example={open} onClose={() => setOpen(undefined)} />}
      <PagedList
        list={listed}
        empty={
          <Empty title={split === '' ? 'No example yet' : 'No example in this split'} icon="book">
            Mark runs in the{' '}
            <Link href="/traces" className="underline">
              list of traces
            </Link>{' '}
            and add them, or import a file.
          </Empty>
        }
        more="Show more"
      >
        {(items) => (
          <DataTable
            label="Examples"
            columns={[{ title: 'Input' }, { title: 'Expected' }, { title: 'Splits' }, { title: 'Changed', right: true }]}
          >
            {items.map((example) => (
              <tr key={example.example_id} className={dataRow}>
                <th scope="row" className="max-w-0 w-2/5">
                  <button
                    type="button"
                    className="block w-full truncate rounded-sm text-left font-medium hover:underline"
                    onClick={() => setOpen(example)}
                  >
                    {lineOf(example.inputs)}
                  </button>
                </th>
                <td className="w-2/5 max-w-0 truncate text-ink-2">{lineOf(example.outputs)}</td>
                <td className="text-xs text-ink-2">{example.splits.join(', ')}</td>
                <td className="text-right">
                  <Ago at={example.modified_at} />
                </td>
              </tr>
            ))}
          </DataTable>
        )}
      </PagedList>
    </Card>
  );
}

function ExampleDialog({
  dataset,
  example,
  onClose,
}: {
  readonly dataset: Dataset;
  readonly example: Example;
  readonly onClose: () => void;
}): ReactNode {
  const may = useMay('traces:write');
  const { ask, dialog } = useQuestion();
  const parts = [
    ['Input', example.inputs],
    ['Expected', example.outputs],
    ['Metadata', example.metadata],
  ] as const;
  return (
    <Dialog title="Example" onClose={onClose}>
      {dialog}
      {parts.map(
        ([title, value]) =>
          value !== null && (
            <div key={title} className="min-w-0">
              <h3 className="mb-1 text-xs font-medium text-ink-2">{title}</h3>
              <div className="max-h-64 overflow-auto">
                <JsonView value={value} label={title} />
              </div>
            </div>
          ),
      )}
      {example.source_run_id !== null && (
        <p className="text-xs">
          <Link
            href={listAddress({ filter: `eq(id, ${JSON.stringify(example.source_run_id)})`, all: true, range: '' })}
            className="underline"
          >
            The run it was made of
          </Link>
        </p>
      )}
      <div className="mt-1 flex justify-end gap-2">
        {may && (
          <Button
            kind="ghost"
            icon="close"
            onClick={() =>
              ask({
                title: 'Delete this example?',
                text: 'Experiments that ran it keep their runs, and older versions of the dataset still show it.',
                verb: 'Delete',
                isGrave: true,
                act: () => dropExample(dataset.dataset_id, example.example_id),
                concerns: ['datasets'],
                after: onClose,
              })
            }
          >
            Delete
          </Button>
        )}
        <Button onClick={onClose}>Close</Button>
      </div>
    </Dialog>
  );
}
