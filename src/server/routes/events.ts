import type { FastifyRequest } from 'fastify';
import { MusterError } from '../../base/errors.ts';
import { agentId } from '../../base/ids.ts';
import { credentialOf } from '../access/door.ts';
import type { Api } from '../../http/api.ts';
import { decodeCursor, pageOf as cut } from '../../http/cursor.ts';
import { pageOf, problems } from '../../http/schemas.ts';
import { EventListQuery, EventView } from '../schemas/fleet.ts';
import type { Services } from '../services.ts';
import { eventView } from '../views.ts';

export function addEventRoutes(app: Api, { state, streams, authenticator, cookie }: Services): void {
  app.get(
    '/events',
    {
      config: { permission: 'events:read' },
      // A HEAD would open a stream that nobody reads.
      exposeHeadRoute: false,
      schema: {
        tags: ['events'],
        summary: 'Follow events as they happen, or list them',
        description:
          'A stream of server-sent events (`id`, `event: noun:verb`, `data`: an Event), which resumes after Last-Event-ID without loss or repetition and pings every 15 s. With Accept: application/json the history instead, newest first. `type` and `agent_id` narrow both; `from`, `to`, `limit` and `cursor` the history alone.',
        querystring: EventListQuery,
        response: {
          200: {
            description: 'Events',
            content: { 'application/json': { schema: pageOf(EventView) }, 'text/event-stream': { schema: EventView } },
          },
          ...problems(),
        },
      },
    },
    async (request, reply) => {
      const { type, agent_id: agent, from, to, limit, cursor } = request.query;
      if (!wantsJson(request)) {
        const credential = credentialOf(request, cookie.name);
        const check = async (): Promise<unknown> =>
          credential === undefined ? undefined : authenticator.authenticate(credential, request.ip);
        await streams.open(request, reply, { type, agentId: agent }, lastEventId(request), check);
        return reply;
      }
      const before = decodeCursor('events', cursor);
      if (before !== undefined && !/^\d{1,18}$/.test(before))
        throw new MusterError('BAD_CURSOR', 'the cursor does not belong to this list');
      const events = await state.events.list(
        {
          ...(type === undefined ? {} : { type }),
          ...(agent === undefined ? {} : { agentId: agentId(agent) }),
          ...(from === undefined ? {} : { from }),
          ...(to === undefined ? {} : { to }),
        },
        { limit: limit + 1, ...(before === undefined ? {} : { before }) },
      );
      const page = cut('events', events, limit, (event) => event.id);
      return { items: page.items.map(eventView), next_cursor: page.nextCursor };
    },
  );
}

/** Only who asks for JSON by name gets it: a browser's EventSource asks for text/event-stream, curl for anything. */
const wantsJson = (request: FastifyRequest): boolean => {
  const accept = request.headers.accept ?? '*/*';
  return accept.includes('application/json') && !accept.includes('text/event-stream');
};

function lastEventId(request: FastifyRequest): string | undefined {
  const header = request.headers['last-event-id'];
  const id = Array.isArray(header) ? header[0] : header;
  return id === undefined || id === '' ? undefined : id;
}
