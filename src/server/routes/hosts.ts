import { z } from 'zod';
import { MusterError } from '../../base/errors.ts';
import { hostId } from '../../base/ids.ts';
import type { DesiredOfHost, HostRecord } from '../../state/hosts.ts';
import { principalOf } from '../../http/principal.ts';
import type { Api } from '../../http/api.ts';
import { decodeCursor, pageOf as cut } from '../../http/cursor.ts';
import { PageQuery, pageOf, problems } from '../../http/schemas.ts';
import { HostCommandBody, HostDetailView, HostView } from '../schemas/fleet.ts';
import type { Services } from '../services.ts';
import { hostDetailView, hostView } from '../views.ts';

const TAG = ['hosts'];
const HostParams = z.object({ host_id: z.guid() });
const MOST_HELD = 1_000;
/** What each command makes the desired state of the host. */
const DESIRES: Readonly<Record<'drain' | 'resume' | 'stop' | 'restart', DesiredOfHost>> = {
  drain: 'drain',
  resume: 'run',
  stop: 'stop',
  restart: 'restart',
};

export function addHostRoutes(app: Api, { state, board }: Services): void {
  app.get(
    '/hosts',
    {
      config: { permission: 'hosts:read' },
      schema: {
        tags: TAG,
        summary: 'List hosts, live ones and those that ended lately',
        querystring: PageQuery,
        response: { 200: pageOf(HostView), ...problems() },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const after = decodeCursor('hosts', cursor);
      // Ended hosts are pruned, so there are never more than the fleet has processes.
      const hosts = (await state.hosts.list()).toSorted((a, b) => (a.hostId < b.hostId ? -1 : 1));
      const page = cut(
        'hosts',
        hosts.filter((host) => after === undefined || host.hostId > after).slice(0, limit + 1),
        limit,
        (host) => host.hostId,
      );
      return { items: page.items.map(hostView), next_cursor: page.nextCursor };
    },
  );

  app.get(
    '/hosts/:host_id',
    {
      config: { permission: 'hosts:read' },
      schema: {
        tags: TAG,
        summary: 'Show a host with the agents it holds',
        params: HostParams,
        response: { 200: HostDetailView, ...problems(404) },
      },
    },
    async (request) => {
      const host = await found(request.params.host_id);
      return hostDetailView(host, await state.agents.list({ hostId: host.hostId }, { limit: MOST_HELD }));
    },
  );

  app.post(
    '/hosts/:host_id/commands',
    {
      config: { permission: 'hosts:write' },
      schema: {
        tags: TAG,
        summary: 'Tell a host to do something',
        description:
          'drain, resume, stop and restart say what is wanted of the host; it obeys with its next look, within a beat. Follow GET /hosts/{host_id}: drained it holds no agents, stopped its status says so. restart_agents sends each of its active agents the command restart.',
        params: HostParams,
        body: HostCommandBody,
        response: { 202: HostView, ...problems(404, 409) },
      },
    },
    async (request, reply) => {
      const host = await found(request.params.host_id);
      const { command } = request.body;
      const { subject } = principalOf(request);
      if (command !== 'restart_agents')
        return reply.code(202).send(hostView(await state.hosts.desire(host.hostId, DESIRES[command], subject)));
      if (host.status !== 'live')
        throw new MusterError('CONFLICT', `host ${host.hostId} is ${host.status}`, { remedy: 'Choose a live host.' });
      await state.commands.submitToHost(host.hostId, 'restart', subject).finally(() => board.invalidate());
      return reply.code(202).send(hostView(host));
    },
  );

  const found = async (id: string): Promise<HostRecord> => {
    const host = await state.hosts.get(hostId(id));
    if (host === undefined)
      throw new MusterError('NOT_FOUND', `host ${id} does not exist`, { remedy: 'List the hosts: one that ended long ago is forgotten.' });
    return host;
  };
}
