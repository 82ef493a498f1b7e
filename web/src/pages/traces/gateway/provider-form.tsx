import { type ReactNode, useState } from 'react';
import { AreaField, SelectField, TextField } from '../../../ui/field.tsx';
import { FormDialog, textOf } from '../../../ui/form-dialog.tsx';
import { cacheModes, type CacheMode, type Provider, providerKinds, putProvider } from './queries.ts';
import { routeLine, routesOf } from './routes-text.ts';

const addresses: Readonly<Record<string, string>> = {
  openai: 'https://api.openai.com/v1',
  azure: 'https://name.openai.azure.com/openai/deployments/{model}?api-version=2024-10-21',
  anthropic: 'https://api.anthropic.com/v1',
  google: 'https://generativelanguage.googleapis.com/v1beta/openai',
  mistral: 'https://api.mistral.ai/v1',
  groq: 'https://api.groq.com/openai/v1',
  openrouter: 'https://openrouter.ai/api/v1',
  ollama: 'http://127.0.0.1:11434/v1',
  vllm: 'http://127.0.0.1:8000/v1',
};

const modeNames: Readonly<Record<CacheMode, string>> = {
  off: 'nothing',
  deterministic: 'what would be the same again',
  all: 'everything',
};

/** Where calls of models go. What the form does not show, such as time-outs, stays as it is. */
export function ProviderForm({ provider, onClose }: { readonly provider: Provider | undefined; readonly onClose: () => void }): ReactNode {
  const [kind, setKind] = useState(provider?.kind ?? 'openai');
  return (
    <FormDialog
      title={provider === undefined ? 'New provider' : `The provider ${provider.name}`}
      verb="Save"
      concerns={['gateway']}
      onClose={onClose}
      send={(given) => {
        const text = (name: string): string => textOf(given, name);
        const key = text('api_key');
        return putProvider(provider?.name ?? text('name'), {
          kind,
          base_url: text('base_url'),
          ...(key === '' ? {} : { api_key: key }),
          headers: provider?.headers ?? {},
          routes: routesOf(text('routes')),
          priority: Number(text('priority')),
          enabled: given.get('enabled') === 'on',
          settings: { ...provider?.settings, cache: { ...provider?.settings.cache, mode: text('cache_mode'), ttl: text('cache_ttl') } },
        });
      }}
    >
      {(faultOf) => (
        <>
          <div className="grid grid-cols-2 gap-3">
            {provider === undefined && (
              <TextField label="Name" name="name" autoFocus required spellCheck={false} placeholder={kind} error={faultOf('/name')} />
            )}
            <SelectField
              label="Kind"
              hint="Also says whose prices hold"
              value={kind}
              onChange={(event) => setKind(event.target.value)}
              error={faultOf('/kind')}
            >
              {providerKinds.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </SelectField>
          </div>
          <TextField
            label="Address"
            name="base_url"
            required
            spellCheck={false}
            key={provider === undefined ? kind : 'kept'}
            defaultValue={provider?.base_url ?? addresses[kind] ?? ''}
            hint="What OpenAI's clients call its base URL; `{model}` stands for the model"
            error={faultOf('/base_url')}
          />
          <TextField
            label="Its key"
            name="api_key"
            type="password"
            autoComplete="new-password"
            placeholder={provider?.has_key === true ? 'The one there is' : undefined}
            hint="Kept sealed; clients never see it"
            error={faultOf('/api_key')}
          />
          <AreaField
            label="Models"
            name="routes"
            rows={3}
            spellCheck={false}
            className="[&_textarea]:font-mono [&_textarea]:text-xs"
            placeholder="every model"
            hint="A line each: `gpt-*`, `fast as gpt-4o-mini`, `o3, else mistral/mistral-large-latest`"
            defaultValue={provider?.routes.map(routeLine).join('\n') ?? ''}
            error={faultOf('/routes')}
          />
          <div className="grid grid-cols-3 gap-3">
            <SelectField
              label="Keep answers to"
              name="cache_mode"
              className="col-span-2"
              defaultValue={provider?.settings.cache.mode ?? 'deterministic'}
              error={faultOf('/settings/cache/mode')}
            >
              {cacheModes.map((mode) => (
                <option key={mode} value={mode}>
                  {modeNames[mode]}
                </option>
              ))}
            </SelectField>
            <TextField
              label="For how long"
              name="cache_ttl"
              spellCheck={false}
              defaultValue={provider?.settings.cache.ttl ?? '1h'}
              error={faultOf('/settings/cache/ttl')}
            />
          </div>
          <div className="grid grid-cols-3 items-end gap-3">
            <TextField
              label="Priority"
              name="priority"
              type="number"
              min={0}
              step={1}
              title="Of two that serve a model the lower is asked"
              defaultValue={provider?.priority ?? 100}
              error={faultOf('/priority')}
            />
            <label className="col-span-2 flex h-8 items-center gap-2">
              <input
                type="checkbox"
                name="enabled"
                defaultChecked={provider?.enabled ?? true}
                className="size-3.5 accent-[var(--accent)]"
              />
              It is asked
            </label>
          </div>
        </>
      )}
    </FormDialog>
  );
}
