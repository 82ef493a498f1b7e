import type { ReactNode } from 'react';
import { call } from '../../api/client.ts';
import { AreaField, SelectField, TextField } from '../../ui/field.tsx';
import { FormDialog, textOf } from '../../ui/form-dialog.tsx';
import { matchersOf } from './types.ts';

const lengths = ['30m', '1h', '2h', '4h', '8h', '24h', '7d', '30d'];

export function SilenceForm({ onClose }: { readonly onClose: () => void }): ReactNode {
  return (
    <FormDialog
      title="Keep alerts quiet"
      verb="Silence"
      concerns={['silences', 'alerts', 'alert']}
      onClose={onClose}
      send={(given) =>
        call('/silences', {
          method: 'POST',
          body: { matchers: matchersOf(textOf(given, 'matchers')), reason: textOf(given, 'reason'), duration: textOf(given, 'duration') },
        })
      }
    >
      {(faultOf) => (
        <>
          <AreaField
            label="Which alerts"
            name="matchers"
            autoFocus
            className="font-mono"
            placeholder="agent=a1"
            hint="One label a line; all must match. `rule`, `target`, `level`, `agent`, or a label of the alert, with `=`, `!=`, or `~` and a pattern: `rule~disk_*`."
            error={faultOf('/matchers')}
          />
          <TextField label="Why" name="reason" maxLength={2_000} error={faultOf('/reason')} />
          <SelectField label="For how long" name="duration" defaultValue="2h" error={faultOf('/duration') ?? faultOf('/ends_at')}>
            {lengths.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </SelectField>
          <p className="text-ink-2">What still fires at the end is told then.</p>
        </>
      )}
    </FormDialog>
  );
}
