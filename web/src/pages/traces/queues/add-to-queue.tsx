import { useInfiniteQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useLocation } from 'wouter';
import { SelectField, TextField } from '../../../ui/field.tsx';
import { FormDialog, textOf } from '../../../ui/form-dialog.tsx';
import { grouped } from '../../../ui/format.ts';
import { addToQueue, makeQueue, queueAddress, queueQueries } from './queries.ts';

/** Puts runs into a queue, one that is there or a new one. */
export function AddToQueueForm({ runIds, onClose }: { readonly runIds: readonly string[]; readonly onClose: () => void }): ReactNode {
  const { data } = useInfiniteQuery(queueQueries.list(''));
  const [chosen, setChosen] = useState<string>();
  const [, navigate] = useLocation();
  const queues = data?.pages.flatMap((page) => page.items) ?? [];
  const into = chosen ?? queues[0]?.queue_id ?? '';
  return (
    <FormDialog
      title={runIds.length === 1 ? 'Let people look at this run' : `Let people look at ${grouped(runIds.length)} runs`}
      verb="Add"
      concerns={['queues']}
      onClose={onClose}
      send={async (given) => {
        const queue =
          into === ''
            ? (await makeQueue({ name: textOf(given, 'name'), description: null, instructions: null, rubric: [] })).queue_id
            : into;
        // Made once, though adding to it may fail: the next attempt must not make another of its name.
        setChosen(queue);
        await addToQueue(queue, runIds);
        navigate(queueAddress(queue));
      }}
    >
      {(faultOf) => (
        <>
          <SelectField label="Queue" value={into} onChange={(event) => setChosen(event.target.value)}>
            {queues.map(({ name, queue_id: id }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
            <option value="">A new one</option>
          </SelectField>
          {into === '' && <TextField label="Name" name="name" required autoFocus maxLength={512} error={faultOf('/name')} />}
        </>
      )}
    </FormDialog>
  );
}
