import { agentId } from '../../base/ids.ts';
import type { Api } from '../../http/api.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import { AgentParams } from '../schemas/agents.ts';
import { AgentIdText, pageOf, problems } from '../../http/schemas.ts';
import { HeartbeatListQuery, HeartbeatView } from '../schemas/fleet.ts';
import type { Services } from '../services.ts';
import { heartbeatView } from '../views.ts';
import { noAgent } from './agents.ts';

const TAG = ['heartbeats'];

interface Question {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export function addHeartbeatRoutes(app: Api, { state }: Services): void {
  app.get(
    '/agents/:agent_id/heartbeats',
    {
      config: { permission: 'agents:read' },
      schema: {
        tags: TAG,
        summary: "List an agent's heartbeat history, newest first",
        params: AgentParams,
        querystring: HeartbeatListQuery,
        response: { 200: pageOf(HeartbeatView), ...problems(404) },
      },
    },
    async (request) => {
      const page = await list(request.params.agent_id, request.query);
      // History outlives its agent; only an id that neither exists nor ever beat is unknown.
      if (page.items.length === 0 && (await state.agents.get(agentId(request.params.agent_id))) === undefined)
        throw noAgent(request.params.agent_id);
      return page;
    },
  );

  app.get(
    '/heartbeats',
    {
      config: { permission: 'agents:read' },
      schema: {
        tags: TAG,
        summary: 'List heartbeat history, newest first: one an agent and minute, and one for each change of status',
        querystring: HeartbeatListQuery.extend({ agent_id: AgentIdText.optional() }),
        response: { 200: pageOf(HeartbeatView), ...problems() },
      },
    },
    async (request) => list(request.query.agent_id, request.query),
  );

  const list = async (agent: string | undefined, { limit, cursor, from, to }: Question) => {
    const place = decodeCursor('heartbeats', cursor);
    const page = await state.heartbeats.list(
      {
        ...(agent === undefined ? {} : { agentId: agentId(agent) }),
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      },
      { limit, ...(place === undefined ? {} : { cursor: place }) },
    );
    return {
      items: page.items.map(heartbeatView),
      next_cursor: page.nextCursor === null ? null : encodeCursor('heartbeats', page.nextCursor),
    };
  };
}
