import type { Api } from '../api.ts';
import { decodeCursor, pageOf as cut } from '../cursor.ts';
import { PageQuery, pageOf, problems } from '../schemas/common.ts';
import { HostView } from '../schemas/fleet.ts';
import type { Services } from '../services.ts';
import { hostView } from '../views.ts';

export function addHostRoutes(app: Api, { state }: Services): void {
  app.get(
    '/hosts',
    {
      config: { permission: 'hosts:read' },
      schema: {
        tags: ['hosts'],
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
}
