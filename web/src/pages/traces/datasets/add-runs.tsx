import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useLocation } from 'wouter';
import { SelectField, TextField } from '../../../ui/field.tsx';
import { FormDialog, textOf } from '../../../ui/form-dialog.tsx';
import { grouped } from '../../../ui/format.ts';
import { addRuns, datasetAddress, datasetQueries, makeDataset } from './queries.ts';

/** Makes examples of runs, in a dataset that is there or in a new one. */
export function AddRunsForm({ runIds, onClose }: { readonly runIds: readonly string[]; readonly onClose: () => void }): ReactNode {
  const { data } = useQuery(datasetQueries.list(''));
  const [chosen, setChosen] = useState<string>();
  const [, navigate] = useLocation();
  const datasets = data?.items ?? [];
  const into = chosen ?? datasets[0]?.dataset_id ?? '';
  return (
    <FormDialog
      title={runIds.length === 1 ? 'Make this run an example' : `Make ${grouped(runIds.length)} runs examples`}
      verb="Add"
      concerns={['datasets']}
      onClose={onClose}
      send={async (given) => {
        const dataset = into === '' ? (await makeDataset({ name: textOf(given, 'name') })).dataset_id : into;
        // Made once, though adding to it may fail: the next attempt must not make another of its name.
        setChosen(dataset);
        const split = textOf(given, 'split');
        await addRuns(dataset, {
          run_ids: runIds,
          with_outputs: given.get('with_outputs') === 'on',
          ...(split === '' ? {} : { split }),
        });
        navigate(datasetAddress(dataset));
      }}
    >
      {(faultOf) => (
        <>
          <SelectField label="Dataset" value={into} onChange={(event) => setChosen(event.target.value)}>
            {datasets.map(({ dataset_id: id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
            <option value="">A new one</option>
          </SelectField>
          {into === '' && <TextField label="Name" name="name" required autoFocus maxLength={512} error={faultOf('/name')} />}
          <TextField label="Split" name="split" placeholder="base" hint="Such as train or test" maxLength={200} error={faultOf('/split')} />
          <label className="flex items-center gap-2">
            <input type="checkbox" name="with_outputs" defaultChecked className="size-3.5 accent-[var(--accent)]" />
            What a run answered is what should come
          </label>
        </>
      )}
    </FormDialog>
  );
}
