import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { call } from '../../../api/client.ts';
import { useMay } from '../../../api/use-may.ts';
import { Answered } from '../../../ui/answered.tsx';
import { Card, Fact, Facts } from '../../../ui/card.tsx';
import { DataTable, dataRow } from '../../../ui/data-table.tsx';
import { TextField } from '../../../ui/field.tsx';
import { FormDialog, textOf } from '../../../ui/form-dialog.tsx';
import { formatRatio, formatUsd, grouped } from '../../../ui/format.ts';
import { Ago, Button, Empty, PageHeader } from '../../../ui/primitives.tsx';
import { listAddress } from '../address.ts';
import { JsonView } from '../conversation/json-view.tsx';
import { traceQueries } from '../queries.ts';
import type { Project } from '../types.ts';
import { settingsQueries } from './queries.ts';
import { type OwnSettings, settingsOf, type TraceSettings } from './settings.ts';

/** How long conversations are kept, which of them, what is redacted, and what they may cost: in general, and by project. */
export function SettingsPage(): ReactNode {
  const general = useQuery(settingsQueries.general());
  const projects = useQuery(traceQueries.projects());
  const may = useMay('traces:manage');
  const [edited, setEdited] = useState<'' | Project>();
  return (
    <>
      <PageHeader title="Projects and settings" />
      {edited === '' && general.data && (
        <SettingsForm
          title="Settings of all projects"
          shown={general.data}
          onClose={() => setEdited(undefined)}
          send={(next) => call('/traces/settings', { method: 'PUT', body: { ...general.data, ...next } })}
        />
      )}
      {edited !== undefined && edited !== '' && <ProjectForm project={edited} onClose={() => setEdited(undefined)} />}
      <Card
        title="Where a project says nothing for itself"
        aside={
          may && (
            <Button kind="ghost" onClick={() => setEdited('')}>
              Change
            </Button>
          )
        }
      >
        <Answered query={general}>
          {(settings) => (
            <div className="flex flex-col gap-3">
              <Facts>
                <Fact name="Kept">{grouped(settings.retention.days)} days</Fact>
                <Fact name="Sampling">
                  {settings.sampling.rate === 1
                    ? 'every trace'
                    : `${formatRatio(settings.sampling.rate)} of the traces${settings.sampling.keep_errors ? ', and whatever failed' : ''}`}
                </Fact>
                <Fact name="Budget">
                  {settings.budget.usd_per_hour === null ? 'none' : `an alert beyond ${formatUsd(settings.budget.usd_per_hour)} an hour`}
                </Fact>
              </Facts>
              <div>
                <h3 className="mb-1 text-xs font-medium text-ink-2">Redaction, before anything is stored</h3>
                <JsonView value={settings.redaction} label="Redaction" />
              </div>
            </div>
          )}
        </Answered>
      </Card>
      <Card title="Projects" flush>
        <Answered query={projects}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No project yet" icon="traces">
                A project comes into being with the first run that names it.
              </Empty>
            ) : (
              <DataTable
                label="All projects"
                columns={[{ title: 'Project' }, { title: 'Last run', right: true }, { title: 'Actions', hidden: true }]}
              >
                {items.map((project) => (
                  <tr key={project.project_id} className={dataRow}>
                    <th scope="row">
                      <Link href={listAddress({ project: project.name })} className="font-medium [overflow-wrap:anywhere] hover:underline">
                        {project.name}
                      </Link>
                      {project.description !== null && (
                        <span className="block text-xs text-ink-2 [overflow-wrap:anywhere]">{project.description}</span>
                      )}
                    </th>
                    <td className="text-right">{project.last_run_at === null ? 'never' : <Ago at={project.last_run_at} />}</td>
                    <td className="text-right">
                      <Button kind="ghost" onClick={() => setEdited(project)} aria-label={`Settings of ${project.name}`}>
                        Settings
                      </Button>
                    </td>
                  </tr>
                ))}
              </DataTable>
            )
          }
        </Answered>
      </Card>
    </>
  );
}

function ProjectForm({ project, onClose }: { readonly project: Project; readonly onClose: () => void }): ReactNode {
  const { data } = useQuery(settingsQueries.project(project.name));
  if (data === undefined) return null;
  return (
    <SettingsForm
      title={`Settings of ${project.name}`}
      shown={data.effective}
      onClose={onClose}
      send={(next) =>
        call(`/traces/projects/${encodeURIComponent(project.name)}/settings`, {
          method: 'PUT',
          body: { ...data.own, ...differing(next, data.effective) },
        })
      }
    />
  );
}

/** What was changed becomes the project's own; what was not stays as it was, the general one included. */
function differing(next: OwnSettings, before: TraceSettings): OwnSettings {
  return Object.fromEntries(
    Object.entries(next).filter(([topic, value]) => JSON.stringify(value) !== JSON.stringify(before[topic as keyof TraceSettings])),
  );
}

function SettingsForm({
  title,
  shown,
  send,
  onClose,
}: {
  readonly title: string;
  readonly shown: TraceSettings;
  readonly send: (next: OwnSettings) => Promise<unknown>;
  readonly onClose: () => void;
}): ReactNode {
  return (
    <FormDialog
      title={title}
      verb="Save"
      concerns={['traces']}
      onClose={onClose}
      send={(given) =>
        send(
          settingsOf({
            days: textOf(given, 'days'),
            share: textOf(given, 'share'),
            keepErrors: given.get('keep_errors') === 'on',
            budget: textOf(given, 'budget'),
          }),
        )
      }
    >
      {(faultOf) => (
        <>
          <TextField
            label="Days that runs are kept"
            name="days"
            type="number"
            min={1}
            max={3_650}
            required
            defaultValue={shown.retention.days}
            hint="A change counts from the next day (UTC) on."
            error={faultOf('/retention')}
          />
          <TextField
            label="Share of traces that are kept, in %"
            name="share"
            type="number"
            min={0}
            max={100}
            step="any"
            required
            defaultValue={shown.sampling.rate * 100}
            hint="A trace is kept whole or not at all."
            error={faultOf('/sampling')}
          />
          <label className="flex items-center gap-2">
            <input
              type="checkbox"
              name="keep_errors"
              defaultChecked={shown.sampling.keep_errors}
              className="size-3.5 accent-[var(--accent)]"
            />
            What failed is kept in any case
          </label>
          <TextField
            label="Cost an hour beyond which an alert fires, in US dollars"
            name="budget"
            type="number"
            min={0}
            step="any"
            defaultValue={shown.budget.usd_per_hour ?? ''}
            hint="Empty: none."
            error={faultOf('/budget')}
          />
        </>
      )}
    </FormDialog>
  );
}
