import { type ReactNode, useState } from 'react';
import { call } from '../../api/client.ts';
import { AreaField, TextField } from '../../ui/field.tsx';
import { FormDialog, textOf } from '../../ui/form-dialog.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { instantOf, matchersOf } from './types.ts';

const kinds = [
  { value: 'again', label: 'Again and again' },
  { value: 'once', label: 'Once' },
] as const;
type Kind = (typeof kinds)[number]['value'];

export function WindowForm({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [kind, setKind] = useState<Kind>('again');
  return (
    <FormDialog
      title="Plan work"
      verb="Make the window"
      concerns={['maintenance-windows', 'alerts', 'alert']}
      onClose={onClose}
      send={(given) =>
        call('/maintenance-windows', {
          method: 'POST',
          body: {
            name: textOf(given, 'name'),
            matchers: matchersOf(textOf(given, 'matchers')),
            reason: textOf(given, 'reason'),
            ...(kind === 'once'
              ? { starts_at: instantOf(textOf(given, 'starts_at')), ends_at: instantOf(textOf(given, 'ends_at')) }
              : { cron: textOf(given, 'cron'), time_zone: textOf(given, 'time_zone'), duration: textOf(given, 'duration') }),
          },
        })
      }
    >
      {(faultOf) => (
        <>
          <TextField label="Name" name="name" autoFocus maxLength={200} error={faultOf('/name')} />
          <AreaField
            label="Which alerts"
            name="matchers"
            className="font-mono"
            placeholder="database=app"
            hint="One label a line; all must match."
            error={faultOf('/matchers')}
          />
          <TextField label="Why" name="reason" maxLength={2_000} error={faultOf('/reason')} />
          <span>
            <Segmented<Kind> legend="How often" options={kinds} value={kind} onChange={setKind} />
          </span>
          {kind === 'once' ? (
            <div className="grid gap-3 sm:grid-cols-2">
              <TextField label="From" name="starts_at" type="datetime-local" error={faultOf('/starts_at')} />
              <TextField label="To" name="ends_at" type="datetime-local" error={faultOf('/ends_at')} />
            </div>
          ) : (
            <div className="grid gap-3 sm:grid-cols-2">
              <TextField
                label="Begins"
                name="cron"
                defaultValue="0 3 * * *"
                spellCheck={false}
                hint="Cron: minute, hour, day, month, weekday"
                error={faultOf('/cron')}
              />
              <TextField label="Lasts" name="duration" defaultValue="45m" hint="Such as 45m or 2h" error={faultOf('/duration')} />
              <TextField
                label="Time zone"
                name="time_zone"
                defaultValue={Intl.DateTimeFormat().resolvedOptions().timeZone}
                spellCheck={false}
                error={faultOf('/time_zone')}
                className="sm:col-span-2"
              />
            </div>
          )}
        </>
      )}
    </FormDialog>
  );
}
