import { bundleText, hashOf } from '../../agent/code/index.ts';
import { MusterError } from '../../base/errors.ts';
import { agentId } from '../../base/ids.ts';
import { activateSlot, registerImplementation, requireSlot } from '../../fleet/index.ts';
import type { AgentRecord } from '../../state/agents.ts';
import { principalOf } from '../../http/principal.ts';
import type { Api } from '../../http/api.ts';
import { decodeCursor, pageOf as cut } from '../../http/cursor.ts';
import { AgentParams, AgentView } from '../schemas/agents.ts';
import { Nothing, pageOf, problems } from '../../http/schemas.ts';
import {
  ActivateBody,
  ImplementationListQuery,
  ImplementationParams,
  ImplementationView,
  NewImplementationBody,
} from '../schemas/implementations.ts';
import type { Services } from '../services.ts';
import { agentView, implementationView } from '../views.ts';
import { noAgent } from './agents.ts';

const TAG = ['implementations'];
/** Versions there are at most in one list: a name keeps twenty. */
const MOST = 10_000;
/** The code as JSON: every character may take two. */
const MAX_BODY_BYTES = 8_454_144;

export function addImplementationRoutes(app: Api, { state, board, types, log }: Services): void {
  app.get(
    '/implementations',
    {
      config: { permission: 'implementations:read' },
      schema: {
        tags: TAG,
        summary: 'List implementations, every version of each, the current one first',
        querystring: ImplementationListQuery,
        response: { 200: pageOf(ImplementationView), ...problems() },
      },
    },
    async (request) => {
      const { limit, cursor, name } = request.query;
      const after = decodeCursor('implementations', cursor);
      const all = await state.implementations.list({ limit: MOST, ...(name === undefined ? {} : { name }) });
      const begin = after === undefined ? 0 : all.findIndex((each) => `${each.name}@${each.hash}` === after) + 1;
      const page = cut('implementations', all.slice(begin, begin + limit + 1), limit, (each) => `${each.name}@${each.hash}`);
      return { items: page.items.map(implementationView), next_cursor: page.nextCursor };
    },
  );

  app.get(
    '/implementations/:implementation',
    {
      config: { permission: 'implementations:read' },
      schema: {
        tags: TAG,
        summary: 'Show an implementation',
        params: ImplementationParams,
        response: { 200: ImplementationView, ...problems(404) },
      },
    },
    async (request) => {
      const found = await state.implementations.find(request.params.implementation);
      if (found === undefined) throw noImplementation(request.params.implementation);
      return implementationView(found);
    },
  );

  app.post(
    '/implementations',
    {
      bodyLimit: MAX_BODY_BYTES,
      config: { permission: 'implementations:manage' },
      schema: {
        tags: TAG,
        summary: 'Register code that slots can run',
        description:
          'Any host of the fleet may come to run it, with the rights of Muster. It is loaded once in a process of its own to see what agent it is; where that fails nothing is stored. Slots that run the name without a version change to it at once. What was registered before, byte for byte, is the current version again.',
        body: NewImplementationBody,
        response: { 201: ImplementationView, ...problems(413) },
      },
    },
    async (request, reply) => {
      const { name, source, bundle } = request.body;
      const code = source === undefined ? { code: bundle ?? '', hash: hashOf(bundle ?? '') } : await bundleText(source);
      const by = principalOf(request).subject;
      const record = await registerImplementation(state, code, { name, by }).finally(() => board.invalidate());
      log.info({ implementation: record.name, hash: record.hash, by }, 'an implementation was registered');
      void reply.header('location', `/api/v1/implementations/${record.name}@${record.hash}`);
      return reply.code(201).send(implementationView(record));
    },
  );

  app.delete(
    '/implementations/:implementation',
    {
      config: { permission: 'implementations:manage' },
      schema: {
        tags: TAG,
        summary: 'Forget an implementation, or one version of it, that no slot runs',
        params: ImplementationParams,
        response: { 204: Nothing, ...problems(404, 409) },
      },
    },
    async (request, reply) => {
      const { implementation } = request.params;
      await state.implementations.remove(implementation);
      log.info({ implementation, by: principalOf(request).subject }, 'an implementation was removed');
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/agents/:agent_id/activate',
    {
      config: { permission: 'agents:manage' },
      schema: {
        tags: TAG,
        summary: 'Let a slot run an implementation',
        params: AgentParams,
        body: ActivateBody,
        response: { 200: AgentView, ...problems(404, 409) },
      },
    },
    async (request) => {
      const { implementation, config } = request.body;
      const slot = await slotOf(request.params.agent_id);
      const active = await activateSlot(state, slot, implementation, config).finally(() => board.invalidate());
      return agentView(active, types);
    },
  );

  app.post(
    '/agents/:agent_id/deactivate',
    {
      config: { permission: 'agents:write' },
      schema: { tags: TAG, summary: 'Free a slot', params: AgentParams, response: { 200: AgentView, ...problems(404, 409) } },
    },
    async (request) => {
      const slot = await slotOf(request.params.agent_id);
      requireSlot(slot);
      const freed = await state.agents.setState(slot.agentId, 'inactive').finally(() => board.invalidate());
      return agentView(freed, types);
    },
  );

  const slotOf = async (id: string): Promise<AgentRecord> => {
    const agent = await state.agents.get(agentId(id));
    if (agent === undefined) throw noAgent(id);
    return agent;
  };
}

const noImplementation = (named: string): MusterError => new MusterError('NOT_FOUND', `implementation ${named} does not exist`);
