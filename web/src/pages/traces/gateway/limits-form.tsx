import type { ReactNode } from 'react';
import { SelectField, TextField } from '../../../ui/field.tsx';
import { FormDialog, textOf } from '../../../ui/form-dialog.tsx';
import { type AccessKey, type Limits, putLimits } from './queries.ts';

const fields = [
  { name: 'usd_per_day', label: 'US dollars a day (UTC)', step: 'any' },
  { name: 'usd_per_month', label: 'US dollars a month', step: 'any' },
  { name: 'requests_per_minute', label: 'Requests a minute', step: '1' },
  { name: 'tokens_per_minute', label: 'Tokens a minute', step: '1' },
] as const;

/** What a key may spend and ask. What is left empty is not limited. */
export function LimitsForm({
  limits,
  keys,
  taken,
  onClose,
}: {
  /** undefined: of a key that has none yet. */
  readonly limits: Limits | undefined;
  readonly keys: readonly AccessKey[];
  readonly taken: readonly string[];
  readonly onClose: () => void;
}): ReactNode {
  const free = keys.filter(({ key_id: id }) => !taken.includes(id));
  const nameOf = (id: string): string => (id === '*' ? 'every other key' : (keys.find((key) => key.key_id === id)?.name ?? id));
  return (
    <FormDialog
      title={limits === undefined ? 'Limit a key' : `What ${nameOf(limits.key_id)} may spend`}
      verb="Save"
      concerns={['gateway']}
      onClose={onClose}
      send={(given) => {
        const number = (name: string): number | null => (textOf(given, name) === '' ? null : Number(textOf(given, name)));
        return putLimits(limits?.key_id ?? textOf(given, 'key'), {
          usd_per_day: number('usd_per_day'),
          usd_per_month: number('usd_per_month'),
          requests_per_minute: number('requests_per_minute'),
          tokens_per_minute: number('tokens_per_minute'),
          is_hard: given.get('is_hard') === 'on',
        });
      }}
    >
      {(faultOf) => (
        <>
          {limits === undefined &&
            (free.length > 0 ? (
              <SelectField label="Key" name="key" autoFocus error={faultOf('/key_id')}>
                {!taken.includes('*') && <option value="*">Every other key</option>}
                {free.map(({ key_id: id, name }) => (
                  <option key={id} value={id}>
                    {name} ({id})
                  </option>
                ))}
              </SelectField>
            ) : (
              <TextField
                label="Key"
                name="key"
                required
                autoFocus
                spellCheck={false}
                hint="Its id, as `muster keys list` shows it; * for every key without limits of its own."
                defaultValue={taken.includes('*') ? '' : '*'}
                error={faultOf('/key_id')}
              />
            ))}
          <div className="grid gap-3 sm:grid-cols-2">
            {fields.map(({ label, name, step }) => (
              <TextField
                key={name}
                label={label}
                name={name}
                type="number"
                min={0}
                step={step}
                placeholder="no limit"
                defaultValue={limits?.[name] ?? ''}
                error={faultOf(`/${name}`)}
              />
            ))}
          </div>
          <label className="flex items-center gap-2">
            <input type="checkbox" name="is_hard" defaultChecked={limits?.is_hard ?? true} className="size-3.5 accent-[var(--accent)]" />
            Refuse requests beyond the budget
          </label>
        </>
      )}
    </FormDialog>
  );
}
