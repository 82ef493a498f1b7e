import { queryOptions, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { call } from '../../api/client.ts';
import type { Page } from '../../api/types.ts';
import { SelectField, TextField } from '../../ui/field.tsx';
import { FormDialog, textOf } from '../../ui/form-dialog.tsx';
import { instantOf } from '../quiet/types.ts';

const people = () =>
  queryOptions({
    queryKey: ['on-call-people'],
    queryFn: ({ signal }) => call<Page<{ readonly name: string }>>('/on-call/people', { signal }),
  });

/** Somebody is on call in place of whoever would be. */
export function OverrideForm({ schedule, onClose }: { readonly schedule: string; readonly onClose: () => void }): ReactNode {
  const { data } = useQuery(people());
  return (
    <FormDialog
      title={`Step in on ${schedule}`}
      verb="Step in"
      concerns={['on-call']}
      onClose={onClose}
      send={(given) => {
        const from = instantOf(textOf(given, 'starts_at'));
        return call(`/on-call/schedules/${encodeURIComponent(schedule)}/overrides`, {
          method: 'POST',
          body: {
            person: textOf(given, 'person'),
            ...(from === undefined ? {} : { starts_at: from }),
            duration: textOf(given, 'duration'),
            reason: textOf(given, 'reason'),
          },
        });
      }}
    >
      {(faultOf) => (
        <>
          <SelectField label="Who" name="person" error={faultOf('/person')}>
            {(data?.items ?? []).map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </SelectField>
          <div className="grid gap-3 sm:grid-cols-2">
            <TextField label="From" name="starts_at" type="datetime-local" hint="Empty: now" error={faultOf('/starts_at')} />
            <TextField
              label="For"
              name="duration"
              defaultValue="4h"
              hint="Such as 4h or 2d"
              error={faultOf('/duration') ?? faultOf('/ends_at')}
            />
          </div>
          <TextField label="Why" name="reason" maxLength={2_000} error={faultOf('/reason')} />
        </>
      )}
    </FormDialog>
  );
}
