import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useLocation } from 'wouter';
import { call } from '../../api/client.ts';
import { problemOf } from '../../api/problem.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { AreaField, SelectField, TextField } from '../../ui/field.tsx';
import { faultsOf, FormProblem, textOf } from '../../ui/form-dialog.tsx';
import { Button } from '../../ui/primitives.tsx';
import { channelKinds, settingsOf } from './kinds.ts';
import { type Channel, channelAddress } from './types.ts';

type Fresh = Channel & { readonly made?: Readonly<Record<string, string>> };

/** Makes a channel; what was made for it is shown this once, and then its page is. */
export function ChannelForm({ onClose }: { readonly onClose: () => void }): ReactNode {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [type, setType] = useState('webhook');
  const kind = channelKinds.find((each) => each.type === type) ?? channelKinds[0];
  const make = useMutation({
    mutationFn: (body: unknown) => call<Fresh>('/channels', { method: 'POST', body }),
    onSuccess: (fresh) => {
      if (fresh.made === undefined) navigate(channelAddress(fresh.name));
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['channels'] }),
  });
  const problem = make.isError ? problemOf(make.error) : undefined;
  const faultOf = faultsOf(problem);
  if (kind === undefined) return null;
  if (make.data?.made !== undefined) {
    const { made, name } = make.data;
    return (
      <Dialog title={`${name} is made`} onClose={() => navigate(channelAddress(name))}>
        <p className="text-ink-2">This was made for it, and is shown this once. The receiver checks signatures with it.</p>
        {Object.entries(made).map(([key, value]) => (
          <p key={key} className="rounded-md bg-raised p-2.5">
            <span className="block text-xs text-ink-2">{key}</span>
            <code className="[overflow-wrap:anywhere] select-all">{value}</code>
          </p>
        ))}
        <Button kind="primary" className="self-end" autoFocus onClick={() => navigate(channelAddress(name))}>
          I have it
        </Button>
      </Dialog>
    );
  }
  return (
    <Dialog title="New channel" onClose={onClose}>
      <form
        noValidate
        className="flex flex-col gap-3"
        onSubmit={(event: FormEvent<HTMLFormElement>) => {
          event.preventDefault();
          const given = new FormData(event.currentTarget);
          make.mutate({ name: textOf(given, 'name'), type, ...settingsOf(kind, (name) => textOf(given, `setting ${name}`)) });
        }}
      >
        <TextField label="Name" name="name" hint="Rules name it so" autoFocus spellCheck={false} error={faultOf('/name')} />
        <SelectField label="Kind" value={type} onChange={(event) => setType(event.target.value)}>
          {channelKinds.map((each) => (
            <option key={each.type} value={each.type}>
              {each.label}
            </option>
          ))}
        </SelectField>
        {kind.settings.map(({ as, hint, isNeeded, isSecret, label, name, options, start }) => {
          const said = { label: isNeeded === true ? label : `${label} (may be left out)`, hint, error: faultOf(`/${name}`) };
          const field = { name: `setting ${name}`, key: `${type} ${name}`, defaultValue: start, spellCheck: false, autoComplete: 'off' };
          const { key, ...rest } = field;
          if (options !== undefined)
            return (
              <SelectField key={key} {...said} label={label} name={field.name} defaultValue={start}>
                {options.map((each) => (
                  <option key={each}>{each}</option>
                ))}
              </SelectField>
            );
          if (as === 'pairs') return <AreaField key={key} {...said} {...rest} rows={2} className="font-mono" />;
          return (
            <TextField
              key={key}
              {...said}
              {...rest}
              label={start === undefined ? said.label : label}
              type={isSecret === true ? 'password' : 'text'}
              inputMode={as === 'number' ? 'numeric' : 'text'}
              // A password of the service, and not of this page: browsers shall not offer to keep it.
              autoComplete={isSecret === true ? 'new-password' : 'off'}
            />
          );
        })}
        <FormProblem problem={problem} />
        <div className="mt-1 flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" disabled={make.isPending}>
            Make it
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
