import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useLocation } from 'wouter';
import { TextField } from '../../../ui/field.tsx';
import { FormDialog, textOf } from '../../../ui/form-dialog.tsx';
import { Button } from '../../../ui/primitives.tsx';
import { Select } from '../../../ui/select.tsx';
import { useQuestion } from '../../../ui/use-question.tsx';
import { searchOf, type View, viewOf } from '../address.ts';
import { dropFilter, saveFilter, traceQueries } from '../queries.ts';

/** What one looks at again and again, by name. What is saved is the address: opening it shows just that. */
export function SavedFilters({ view }: { readonly view: View }): ReactNode {
  const [, navigate] = useLocation();
  const [naming, setNaming] = useState(false);
  const { ask, dialog } = useQuestion();
  const { data } = useQuery(traceQueries.savedFilters());
  const saved = data?.items ?? [];
  const here = searchOf(view);
  const current = saved.find(({ query }) => searchOf(viewOf(query)) === here);
  return (
    <>
      {dialog}
      {naming && (
        <FormDialog
          title="Save this filter"
          verb="Save"
          concerns={['traces']}
          onClose={() => setNaming(false)}
          send={(given) => saveFilter({ name: textOf(given, 'name'), query: here, is_shared: given.get('shared') === 'on' })}
        >
          {(faultOf) => (
            <>
              <TextField label="Name" name="name" autoFocus required maxLength={100} error={faultOf('/name')} />
              <label className="flex items-center gap-2">
                <input type="checkbox" name="shared" className="size-3.5 accent-[var(--accent)]" />
                For everybody here
              </label>
            </>
          )}
        </FormDialog>
      )}
      {saved.length > 0 && (
        <Select
          label="Saved filters"
          className="max-w-40"
          value={current?.id ?? ''}
          onChange={(event) => {
            const chosen = saved.find(({ id }) => id === event.target.value);
            if (chosen) navigate(chosen.query === '' ? '/traces' : `/traces?${chosen.query}`);
          }}
        >
          <option value="">Saved filters</option>
          {saved.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Select>
      )}
      {current === undefined ? (
        <Button kind="ghost" icon="star" disabled={here === ''} onClick={() => setNaming(true)}>
          Save
        </Button>
      ) : (
        <Button
          kind="ghost"
          icon="close"
          onClick={() =>
            ask({
              title: `Forget the filter ${current.name}?`,
              text: 'The runs stay; only the name for this way to look at them goes.',
              verb: 'Forget',
              act: () => dropFilter(current.id),
              concerns: ['traces'],
            })
          }
        >
          Forget
        </Button>
      )}
    </>
  );
}
