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
import { Menu } from '../../../ui/menu.tsx';
import { Ago, Button, Empty, PageHeader } from '../../../ui/primitives.tsx';
import { useQuestion } from '../../../ui/use-question.tsx';
import { listAddress } from '../address.ts';
import { traceQueries } from '../queries.ts';
import type { Project } from '../types.ts';
import { PeopleCards } from './people.tsx';
import { settingsQueries } from './queries.ts';
import { RedactionForm } from './redaction-form.tsx';
import { type Redaction, redactionWords } from './redaction.ts';
import { type OwnSettings, settingsOf, type TraceSettings } from './settings.ts';

type Topic = 'settings' | 'redaction';
/** Without a project: what holds where one says nothing. */
interface Edited {
  readonly topic: Topic;
  readonly project?: Project;
}

/** How long conversations are kept, which of them, what is redacted, and what they may cost: in general, and by project. */
export function SettingsPage(): ReactNode {
  const general = useQuery(settingsQueries.general());
  const projects = useQuery(traceQueries.projects());
  const may = useMay('traces:manage');
  const { ask, dialog } = useQuestion();
  const [edited, setEdited] = useState<Edited>();
  const [isNaming, setIsNaming] = useState(false);
  const close = (): void => setEdited(undefined);
  return (
    <>
      <PageHeader title="Projects and settings" />
      {edited?.project === undefined && edited?.topic === 'settings' && general.data && (
        <SettingsForm
          title="Settings of all projects"
          shown={general.data}
          onClose={close}
          send={(next) => call('/traces/settings', { method: 'PUT', body: { ...general.data, ...next } })}
        />
      )}
      {edited?.project === undefined && edited?.topic === 'redaction' && general.data && (
        <RedactionForm
          title="Redaction in all projects"
          redaction={general.data.redaction}
          onClose={close}
          send={(redaction) => call('/traces/settings', { method: 'PUT', body: { ...general.data, redaction } })}
        />
      )}
      {edited?.project !== undefined && <ProjectForm project={edited.project} topic={edited.topic} onClose={close} />}
      {isNaming && <NewProjectForm onClose={() => setIsNaming(false)} />}
      {dialog}
      <Card
        title="Where a project says nothing for itself"
        aside={
          may && (
            <>
              <Button kind="ghost" onClick={() => setEdited({ topic: 'settings' })}>
                Change
              </Button>
              <Button kind="ghost" onClick={() => setEdited({ topic: 'redaction' })}>
                Redaction
              </Button>
            </>
          )
        }
      >
        <Answered query={general}>
          {(settings) => (
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
              <Fact name="Redacted">
                <Redacted redaction={settings.redaction} />
              </Fact>
            </Facts>
          )}
        </Answered>
      </Card>
      <Card
        title="Projects"
        flush
        aside={
          may && (
            <Button kind="ghost" onClick={() => setIsNaming(true)}>
              New project
            </Button>
          )
        }
      >
        <Answered query={projects}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No project yet" icon="traces">
                A project comes into being with the first run that names it. One that needs settings of its own from its first run on is
                made here.
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
                      {may && (
                        <Menu
                          label={`Settings of ${project.name}`}
                          items={[
                            {
                              id: 'settings',
                              label: 'Retention, sampling, budget',
                              icon: 'tool',
                              onSelect: () => setEdited({ topic: 'settings', project }),
                            },
                            {
                              id: 'redaction',
                              label: 'Redaction',
                              icon: 'silence',
                              onSelect: () => setEdited({ topic: 'redaction', project }),
                            },
                            {
                              id: 'reset',
                              label: 'As all projects',
                              icon: 'restart',
                              onSelect: () =>
                                ask({
                                  title: `Let ${project.name} say nothing for itself?`,
                                  text: 'What holds for all projects holds for it then, for runs that come from now on.',
                                  verb: 'Do so',
                                  act: () => call(settingsOfProject(project.name), { method: 'PUT', body: {} }),
                                  concerns: ['traces'],
                                }),
                            },
                          ]}
                        />
                      )}
                    </td>
                  </tr>
                ))}
              </DataTable>
            )
          }
        </Answered>
      </Card>
      {may && <PeopleCards />}
    </>
  );
}

/** For what is to hold for the first run already: the settings of a project need one. */
function NewProjectForm({ onClose }: { readonly onClose: () => void }): ReactNode {
  return (
    <FormDialog
      title="New project"
      verb="Make it"
      concerns={['traces']}
      onClose={onClose}
      send={(given) => call('/traces/projects', { method: 'POST', body: { name: textOf(given, 'name') } })}
    >
      {(faultOf) => (
        <TextField
          label="Name"
          name="name"
          required
          maxLength={512}
          hint="As clients name it: LANGSMITH_PROJECT. Runs that name no project lie in default."
          error={faultOf('/name')}
        />
      )}
    </FormDialog>
  );
}

/** What goes; and what does not, because somebody switched it off. */
function Redacted({ redaction }: { readonly redaction: Redaction }): ReactNode {
  const { off, on } = redactionWords(redaction);
  return (
    <>
      {on === '' ? 'nothing' : `${on}, before anything is stored`}
      {off !== '' && <span className="block text-warn">Switched off: {off}</span>}
    </>
  );
}

const settingsOfProject = (name: string): string => `/traces/projects/${encodeURIComponent(name)}/settings`;

function ProjectForm({
  project: { name },
  topic,
  onClose,
}: {
  readonly project: Project;
  readonly topic: Topic;
  readonly onClose: () => void;
}): ReactNode {
  // Not from the cache: the form begins with what holds now.
  const { data } = useQuery({ ...settingsQueries.project(name), gcTime: 0 });
  if (data === undefined) return null;
  const send = (next: OwnSettings): Promise<unknown> => call(settingsOfProject(name), { method: 'PUT', body: { ...data.own, ...next } });
  return topic === 'redaction' ? (
    <RedactionForm
      title={`Redaction in ${name}`}
      redaction={data.effective.redaction}
      onClose={onClose}
      send={(redaction) => send({ redaction })}
    />
  ) : (
    <SettingsForm
      title={`Settings of ${name}`}
      shown={data.effective}
      onClose={onClose}
      send={(next) => send(differing(next, data.effective))}
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
