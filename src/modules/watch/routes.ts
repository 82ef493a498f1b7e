import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MusterError } from '../../base/errors.ts';
import type { Api } from '../../http/api.ts';
import { allows } from '../../http/permissions.ts';
import { principalOf } from '../../http/principal.ts';
import { Limit, Nothing, problems, text } from '../../http/schemas.ts';
import type { ModuleServices } from '../module.ts';
import { expectationOf, originOf, within } from './expectation.ts';
import { Monitors } from './monitors.ts';
import { MonitorView, monitorView, PingView, pingView, WatcherView, watcherView } from './views.ts';
import { sealedAs, Watchers } from './watchers.ts';

const Name = text(1, 100)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'letters, digits, _ . - only')
  .describe('Letters, digits, _ . -');
const NameParams = z.strictObject({ name: Name });
const Duration = text(1, 20).meta({ examples: ['30s', '1h', '1d'] });

const NewMonitor = z.strictObject({
  name: Name,
  every: Duration.optional().describe('It must call at least so often'),
  cron: text(1, 200).optional().describe('It must call at these times: five fields, or six with seconds'),
  time_zone: text(1, 100).optional().describe('Of the cron expression. Default UTC'),
  grace: Duration.optional().describe('How late it may be, and how long a run may take. Default 5m'),
});

const NewWatcher = z.strictObject({
  url: text(1, 2_000).describe('What Muster calls; kept sealed'),
  every: Duration.optional().describe('How often. Default 1m'),
});

/** Where people and jobs reach this server: the name this request came by. */
const baseOf = (request: FastifyRequest): string => `${request.protocol}://${request.host}`;

/** Push monitors and outside watchers. */
export function addWatchRoutes(app: Api, { state, wake }: Pick<ModuleServices, 'state' | 'wake'>): void {
  const monitors = new Monitors(state.database);
  const watchers = new Watchers(state.database);
  const base = (request: FastifyRequest): string | undefined =>
    allows(principalOf(request), 'monitors:write') ? baseOf(request) : undefined;

  app.get(
    '/monitors',
    {
      config: { permission: 'monitors:read' },
      schema: {
        tags: ['monitors'],
        summary: 'List push monitors: jobs elsewhere that must call',
        response: { 200: z.object({ items: z.array(MonitorView) }), ...problems() },
      },
    },
    async (request) => ({ items: (await monitors.list()).map((monitor) => monitorView(monitor, base(request))) }),
  );

  app.post(
    '/monitors',
    {
      config: { permission: 'monitors:write' },
      schema: {
        tags: ['monitors'],
        summary: 'Add a push monitor; the answer holds what its job must call',
        body: NewMonitor,
        response: { 201: MonitorView, ...problems(409, 413) },
      },
    },
    async (request, reply) => {
      const { name, ...given } = request.body;
      const monitor = await monitors.add(name, expectationOf(given), principalOf(request).subject);
      return reply.code(201).send(monitorView(monitor, baseOf(request)));
    },
  );

  app.get(
    '/monitors/:name',
    {
      config: { permission: 'monitors:read' },
      schema: {
        tags: ['monitors'],
        summary: 'Show a push monitor',
        params: NameParams,
        response: { 200: MonitorView, ...problems(404) },
      },
    },
    async (request) => {
      const monitor = await monitors.get(request.params.name);
      if (monitor === undefined) throw noMonitor(request.params.name);
      return monitorView(monitor, base(request));
    },
  );

  app.delete(
    '/monitors/:name',
    {
      config: { permission: 'monitors:write' },
      schema: { tags: ['monitors'], summary: 'Remove a push monitor', params: NameParams, response: { 204: Nothing, ...problems(404) } },
    },
    async (request, reply) => {
      if (!(await monitors.remove(request.params.name))) throw noMonitor(request.params.name);
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/monitors/:name/pings',
    {
      config: { permission: 'monitors:read' },
      schema: {
        tags: ['monitors'],
        summary: 'List what a job told, newest first; a hundred calls are kept',
        params: NameParams,
        querystring: z.strictObject({ limit: Limit }),
        response: { 200: z.object({ items: z.array(PingView) }), ...problems(404) },
      },
    },
    async (request) => {
      if ((await monitors.get(request.params.name)) === undefined) throw noMonitor(request.params.name);
      return { items: (await monitors.pings(request.params.name, request.query.limit)).map(pingView) };
    },
  );

  for (const [verb, summary] of [
    ['pause', 'Expect no calls for now'],
    ['resume', 'Expect calls again, from the next one on'],
    ['rotate', 'Give it another address; the one before is worth nothing from now on'],
  ] as const) {
    app.post(
      `/monitors/:name/${verb}`,
      {
        config: { permission: 'monitors:write' },
        schema: { tags: ['monitors'], summary, params: NameParams, response: { 200: MonitorView, ...problems(404) } },
      },
      async (request) => {
        const { name } = request.params;
        const monitor = await (verb === 'rotate' ? monitors.rotate(name) : monitors.pause(name, verb === 'pause'));
        return monitorView(monitor, baseOf(request));
      },
    );
  }

  app.get(
    '/watchers',
    {
      config: { permission: 'monitors:read' },
      schema: {
        tags: ['monitors'],
        summary: 'List watchers outside that Muster calls',
        response: { 200: z.object({ items: z.array(WatcherView) }), ...problems() },
      },
    },
    async () => ({ items: (await watchers.list()).map(watcherView) }),
  );

  app.put(
    '/watchers/:name',
    {
      config: { permission: 'monitors:write' },
      schema: {
        tags: ['monitors'],
        summary: 'Let Muster call a watcher outside, which tells you when Muster falls silent',
        params: NameParams,
        body: NewWatcher,
        response: { 200: WatcherView, ...problems(413) },
      },
    },
    async (request) => {
      const { name } = request.params;
      const { url, every } = request.body;
      const origin = originOf(url);
      const sealed = await state.secrets.seal(url, sealedAs(name));
      const watcher = await watchers.put(
        name,
        { url: sealed, origin, everyMs: within('every', every ?? '1m') },
        principalOf(request).subject,
      );
      wake.hint('watchers');
      return watcherView(watcher);
    },
  );

  app.delete(
    '/watchers/:name',
    {
      config: { permission: 'monitors:write' },
      schema: { tags: ['monitors'], summary: 'Call a watcher no more', params: NameParams, response: { 204: Nothing, ...problems(404) } },
    },
    async (request, reply) => {
      if (!(await watchers.remove(request.params.name))) throw noWatcher(request.params.name);
      return reply.code(204).send(null);
    },
  );
}

export const noMonitor = (name: string): MusterError =>
  new MusterError('NOT_FOUND', `there is no monitor ${name}`, { remedy: '`muster monitors list` shows those there are.' });
export const noWatcher = (name: string): MusterError =>
  new MusterError('NOT_FOUND', `there is no watcher ${name}`, { remedy: '`muster watchers list` shows those there are.' });
