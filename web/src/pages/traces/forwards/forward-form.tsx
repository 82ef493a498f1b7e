import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { AreaField, SelectField, TextField } from '../../../ui/field.tsx';
import { FormDialog, textOf } from '../../../ui/form-dialog.tsx';
import { traceQueries } from '../queries.ts';
import { bodyOf } from './given.ts';
import { addForward, changeForward, type Forward } from './queries.ts';

/** Where runs are passed on to. Its place stays when it is changed; its kind, name and project do not change. */
export function ForwardForm({ forward, onClose }: { readonly forward: Forward | undefined; readonly onClose: () => void }): ReactNode {
  const [kind, setKind] = useState<string>(forward?.kind ?? 'langsmith');
  const projects = useQuery(traceQueries.projects()).data?.items ?? [];
  const kept = forward?.has_key === true ? 'The one there is' : undefined;
  return (
    <FormDialog
      title={forward === undefined ? 'New forward' : `Change ${forward.name}`}
      verb="Save"
      concerns={['forwards']}
      onClose={onClose}
      send={(form) => {
        const text = (name: string): string => textOf(form, name);
        const body = bodyOf(
          {
            name: text('name'),
            kind,
            endpoint: text('endpoint'),
            apiKey: text('api_key'),
            headers: text('headers'),
            project: text('project'),
            targetProject: text('target_project'),
            encoding: text('encoding'),
            workspace: text('workspace_id'),
            patience: text('patience'),
            from: text('from'),
          },
          forward,
        );
        return forward === undefined ? addForward(body) : changeForward(forward.name, body);
      }}
    >
      {(faultOf) => (
        <>
          {forward === undefined && (
            <div className="grid grid-cols-2 gap-3">
              <TextField label="Name" name="name" autoFocus required spellCheck={false} error={faultOf('/name')} />
              <SelectField label="To" value={kind} onChange={(event) => setKind(event.target.value)} error={faultOf('/kind')}>
                <option value="langsmith">LangSmith</option>
                <option value="otlp">OpenTelemetry</option>
              </SelectField>
            </div>
          )}
          <TextField
            label="Address"
            name="endpoint"
            type="url"
            required
            spellCheck={false}
            placeholder={kind === 'otlp' ? 'https://collector.example:4318' : 'https://api.smith.langchain.com'}
            hint={kind === 'otlp' ? 'What `OTEL_EXPORTER_OTLP_ENDPOINT` would be' : 'What `LANGSMITH_ENDPOINT` would be'}
            defaultValue={forward?.endpoint}
            error={faultOf('/endpoint')}
          />
          {kind === 'langsmith' && (
            <TextField
              label="Its key"
              name="api_key"
              type="password"
              autoComplete="new-password"
              placeholder={kept}
              hint="Kept sealed, and sent as x-api-key"
              error={faultOf('/api_key')}
            />
          )}
          <AreaField
            label="Headers"
            name="headers"
            rows={2}
            spellCheck={false}
            className="font-mono"
            placeholder={kept ?? 'authorization: Bearer …'}
            hint="A line each; kept sealed"
            error={faultOf('/headers')}
          />
          <div className="grid grid-cols-2 gap-3">
            {forward === undefined && (
              <>
                <SelectField label="Runs of" name="project" error={faultOf('/project')}>
                  <option value="">All projects</option>
                  {projects.map(({ name }) => (
                    <option key={name}>{name}</option>
                  ))}
                </SelectField>
                <SelectField label="From" name="from" error={faultOf('/from')}>
                  <option value="now">now on</option>
                  <option value="beginning">the oldest at hand</option>
                </SelectField>
              </>
            )}
            <TextField
              label="Project there"
              name="target_project"
              placeholder="as here"
              defaultValue={forward?.target_project ?? ''}
              error={faultOf('/target_project')}
            />
            {kind === 'otlp' ? (
              <SelectField label="Spans as" name="encoding" defaultValue={forward?.encoding ?? 'protobuf'} error={faultOf('/encoding')}>
                <option value="protobuf">protobuf</option>
                <option value="json">JSON</option>
              </SelectField>
            ) : (
              <TextField
                label="Workspace"
                name="workspace_id"
                spellCheck={false}
                defaultValue={forward?.workspace_id ?? ''}
                error={faultOf('/workspace_id')}
              />
            )}
            <TextField
              label="Wait for the end of a run"
              name="patience"
              placeholder="1h"
              spellCheck={false}
              hint="Then it is sent as it is"
              defaultValue={forward === undefined ? '' : `${forward.patience_seconds}s`}
              error={faultOf('/patience')}
            />
          </div>
        </>
      )}
    </FormDialog>
  );
}
