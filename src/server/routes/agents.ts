import type { FastifyReply } from 'fastify';
import { MusterError } from '../../base/errors.ts';
import { agentId, hostId } from '../../base/ids.ts';
import type { AgentFilter, AgentRecord } from '../../state/agents.ts';
import { principalOf } from '../../http/principal.ts';
import { demand } from '../access/door.ts';
import type { AgentTypes } from '../agent-types.ts';
import type { Api } from '../../http/api.ts';
import { decodeCursor } from '../../http/cursor.ts';
import { etagOf, matchesEtag } from '../../http/etag.ts';
import { AGENT_LIST } from '../live/agent-board.ts';
import { AgentChangeBody, AgentListQuery, AgentPage, AgentParams, AgentTypeView, AgentView, NewAgentBody } from '../schemas/agents.ts';
import { Nothing, pageOf, problems } from '../../http/schemas.ts';
import type { Services } from '../services.ts';
import { agentView } from '../views.ts';

const TAG = ['agents'];

export function addAgentRoutes(app: Api, { state, board, types }: Services): void {
  app.get(
    '/agents',
    {
      config: { permission: 'agents:read' },
      schema: {
        tags: TAG,
        summary: 'List agents, at most 500 ms old',
        querystring: AgentListQuery,
        response: { 200: AgentPage, ...problems() },
      },
    },
    async (request, reply) => {
      const { limit, cursor, ...filter } = request.query;
      const page = await board.page({ filter: filterOf(filter), limit, after: decodeCursor(AGENT_LIST, cursor) });
      void reply.header('etag', page.etag).header('cache-control', 'private, no-cache');
      if (matchesEtag(request.headers['if-none-match'], page.etag)) return (reply as FastifyReply).code(304).send();
      // The bytes were rendered once for all readers; a test proves that they fit the schema.
      return (reply as FastifyReply).type('application/json; charset=utf-8').send(page.body);
    },
  );

  app.get(
    '/agents/:agent_id',
    {
      config: { permission: 'agents:read' },
      schema: { tags: TAG, summary: 'Show an agent', params: AgentParams, response: { 200: AgentView, ...problems(404) } },
    },
    async (request, reply) => {
      const agent = await found(request.params.agent_id);
      const view = agentView(agent, types);
      const etag = agentEtag(agent, types);
      void reply.header('etag', etag).header('cache-control', 'private, no-cache');
      if (matchesEtag(request.headers['if-none-match'], etag)) return (reply as FastifyReply).code(304).send();
      return view;
    },
  );

  app.post(
    '/agents',
    {
      config: { permission: 'agents:manage' },
      schema: { tags: TAG, summary: 'Create an agent', body: NewAgentBody, response: { 201: AgentView, ...problems(409) } },
    },
    async (request, reply) => {
      const { body } = request;
      types.checkConfig(body.agent_type, body.config ?? {});
      await types.refresh();
      const agent = await state.agents
        .create({
          agentId: body.agent_id,
          name: body.agent_name ?? body.agent_id,
          type: body.agent_type,
          ...(body.state === undefined ? {} : { state: body.state }),
          ...(body.config === undefined ? {} : { config: body.config }),
          metadata: { ...body.metadata, ...(body.placement === undefined ? {} : { placement: body.placement }) },
        })
        .finally(() => board.invalidate());
      void reply.header('location', `/api/v1/agents/${encodeURIComponent(agent.agentId)}`).header('etag', agentEtag(agent, types));
      return reply.code(201).send(agentView(agent, types));
    },
  );

  app.patch(
    '/agents/:agent_id',
    {
      config: { permission: 'agents:write' },
      schema: {
        tags: TAG,
        summary: 'Change what is desired of an agent',
        description:
          'The state needs agents:write; configuration, metadata, placement and name need agents:manage. If-Match refuses the change where what is desired has changed since; beats do not count.',
        params: AgentParams,
        body: AgentChangeBody,
        response: { 200: AgentView, ...problems(404, 412) },
      },
    },
    async (request, reply) => {
      const { state: desired, agent_name: name, config, metadata, placement } = request.body;
      if (name !== undefined || config !== undefined || metadata !== undefined || placement !== undefined)
        demand(principalOf(request), 'agents:manage');
      const current = await found(request.params.agent_id);
      const ifMatch = request.headers['if-match'];
      if (ifMatch !== undefined && ifMatch.trim() !== '*' && !matchesDesired(ifMatch, current)) throw stale(current);
      if (config !== undefined) types.checkConfig(current.type, config);
      const agent = await state.agents
        .update(
          current.agentId,
          { state: desired, name, config, metadata, placement },
          ifMatch === undefined ? {} : { updatedAt: current.updatedAt },
        )
        .finally(() => board.invalidate());
      void reply.header('etag', agentEtag(agent, types));
      return agentView(agent, types);
    },
  );

  app.delete(
    '/agents/:agent_id',
    {
      config: { permission: 'agents:manage' },
      schema: { tags: TAG, summary: 'Delete an agent', params: AgentParams, response: { 204: Nothing, ...problems(404) } },
    },
    async (request, reply) => {
      const removed = await state.agents.remove(agentId(request.params.agent_id)).finally(() => board.invalidate());
      if (!removed) throw noAgent(request.params.agent_id);
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/agent-types',
    {
      config: { permission: 'agents:read' },
      schema: { tags: TAG, summary: 'List the agent types of the fleet', response: { 200: pageOf(AgentTypeView), ...problems() } },
    },
    async () => {
      await types.refresh();
      return { items: types.views(), next_cursor: null };
    },
  );

  const found = async (id: string): Promise<AgentRecord> => {
    const [agent] = await Promise.all([state.agents.get(agentId(id)), types.refresh()]);
    if (agent === undefined) throw noAgent(id);
    return agent;
  };
}

export const noAgent = (id: string): MusterError => new MusterError('NOT_FOUND', `agent ${id} does not exist`);

function filterOf(query: {
  state?: AgentFilter['state'] | undefined;
  status?: AgentFilter['status'] | undefined;
  type?: string | undefined;
  host_id?: string | undefined;
  search?: string | undefined;
}): AgentFilter {
  return {
    ...(query.state === undefined ? {} : { state: query.state }),
    ...(query.status === undefined ? {} : { status: query.status }),
    ...(query.type === undefined ? {} : { type: query.type }),
    ...(query.host_id === undefined ? {} : { hostId: hostId(query.host_id) }),
    ...(query.search === undefined ? {} : { search: query.search }),
  };
}

/**
 * Two parts: what is desired, and all of it. If-None-Match compares the whole; If-Match only the first part, so that a beat
 * between reading and writing does not refuse an edit.
 */
function agentEtag(agent: AgentRecord, types: AgentTypes): string {
  const whole = etagOf(JSON.stringify(agentView(agent, types)));
  return `"${desiredTag(agent)}-${whole.slice(1, -1)}"`;
}

const desiredTag = (agent: AgentRecord): string => Math.round(agent.updatedAt * 1_000).toString(36);

const matchesDesired = (header: string, agent: AgentRecord): boolean =>
  header.split(',').some((candidate) => candidate.trim().startsWith(`"${desiredTag(agent)}-`));

const stale = (agent: AgentRecord): MusterError =>
  new MusterError('PRECONDITION_FAILED', `agent ${agent.agentId} has changed since you read it`);
