import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { MusterError } from '../../../base/errors.ts';
import { mayUseProject, principalOf, requireAllProjects, type Principal } from '../../../http/principal.ts';
import { problems, text } from '../../../http/schemas.ts';
import type { ModuleServices } from '../../module.ts';
import { createRedactor, redactionSettings } from '../redaction/index.ts';
import { effective, projectSettings, traceSettings } from './documents.ts';
import { SETTINGS_TOPIC } from './current.ts';
import { SettingsStore, type ProjectSettingsRow } from './store.ts';

const TAGS = ['traces'];
const SettingsView = traceSettings.meta({ id: 'TraceSettings' });
const ProjectSettingsView = z
  .object({
    project: z.string(),
    own: projectSettings.describe('What the project says for itself'),
    effective: traceSettings.describe('What holds for it'),
    keep: z
      .array(z.object({ from: z.string(), days: z.number().int() }))
      .describe('From which day on its runs are kept how long; empty: as the settings say'),
  })
  .meta({ id: 'TraceProjectSettings' });
const Params = z.object({ name: text(1, 512).describe('Of the project') });

/** What is settled for conversations: how long they are kept, which of them, and what is redacted. */
export function addSettingsRoutes(instance: FastifyInstance, { state, wake }: Pick<ModuleServices, 'state' | 'wake'>): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const store = new SettingsStore(state.database);

  const view = async (project: ProjectSettingsRow) => ({
    project: project.name,
    own: project.settings,
    effective: effective(await store.general(), project.settings),
    keep: [...project.keep],
  });
  const found = async (who: Principal, name: string): Promise<ProjectSettingsRow> => {
    const project = mayUseProject(who, name) ? await store.ofProject(name) : undefined;
    if (project === undefined) throw noProject(name);
    return project;
  };

  app.get(
    '/traces/settings',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: TAGS,
        summary: 'What holds for projects that say nothing for themselves',
        response: { 200: SettingsView, ...problems() },
      },
    },
    () => store.general(),
  );

  app.put(
    '/traces/settings',
    {
      config: { permission: 'traces:manage' },
      schema: {
        tags: TAGS,
        summary: 'Set retention, sampling, redaction and budget',
        description:
          'Replaces all of it: what is left out takes its default. Servers know within ten seconds; how long runs are kept changes from the next day (UTC) on.',
        body: traceSettings,
        response: { 200: SettingsView, ...problems() },
      },
    },
    async (request) => {
      const who = principalOf(request);
      requireAllProjects(who);
      await store.setGeneral(request.body, who.subject);
      wake.hint(SETTINGS_TOPIC);
      return store.general();
    },
  );

  app.post(
    '/traces/settings/redaction/try',
    {
      config: { permission: 'traces:manage' },
      schema: {
        tags: TAGS,
        summary: 'Say what settings of redaction would make of a text; nothing is kept',
        description: 'JSON is redacted as inputs are, names of members included. Marks carry no pseudonyms here.',
        body: z.strictObject({ redaction: redactionSettings.prefault({}), text: text(0, 20_000) }),
        response: {
          200: z.object({ text: z.string(), counts: z.record(z.string(), z.number().int()).describe('What was found, by kind') }),
          ...problems(),
        },
      },
    },
    (request) => {
      const { redaction, text: given } = request.body;
      const redactor = createRedactor(redaction);
      const redacted = isJson(given) ? redactor.json(given, 'inputs') : redactor.text(given);
      return { text: redacted, counts: redactor.takeCounts() };
    },
  );

  app.get(
    '/traces/projects/:name/settings',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: TAGS,
        summary: 'What a project says for itself, and what holds for it',
        params: Params,
        response: { 200: ProjectSettingsView, ...problems(404) },
      },
    },
    async (request) => view(await found(principalOf(request), request.params.name)),
  );

  app.put(
    '/traces/projects/:name/settings',
    {
      config: { permission: 'traces:manage' },
      schema: {
        tags: TAGS,
        summary: 'Set what a project says for itself',
        description:
          'Replaces all of it. A topic that is there stands in place of the general one as a whole; `{}` makes the general ones hold again. ' +
          'A project that has no run yet is made, so that they hold for its first one.',
        params: Params,
        body: projectSettings,
        response: { 200: ProjectSettingsView, ...problems(404) },
      },
    },
    async (request) => {
      const who = principalOf(request);
      const { name } = request.params;
      if (!mayUseProject(who, name)) throw noProject(name);
      await store.setProject(name, request.body);
      wake.hint(SETTINGS_TOPIC);
      return view(await found(who, name));
    },
  );
}

const noProject = (name: string): MusterError =>
  new MusterError('NOT_FOUND', `project "${name}" does not exist`, {
    remedy: 'Its first run makes it, and so does PUT with what it is to say for itself.',
  });

function isJson(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    // What only begins like JSON is redacted as the text it is.
    return false;
  }
}
