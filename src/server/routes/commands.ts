import { z } from 'zod';
import { MusterError } from '../../base/errors.ts';
import { agentId } from '../../base/ids.ts';
import type { CommandState } from '../../state/commands.ts';
import { principalOf } from '../../http/principal.ts';
import { BUILT_IN_COMMANDS } from '../../agent/index.ts';
import type { Api } from '../../http/api.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import { AgentParams } from '../schemas/agents.ts';
import { pageOf, problems } from '../../http/schemas.ts';
import { CommandBody, CommandListQuery, CommandView } from '../schemas/fleet.ts';
import type { Services } from '../services.ts';
import { commandView } from '../views.ts';
import { noAgent } from './agents.ts';

const TAG = ['commands'];

export function addCommandRoutes(app: Api, { state, board, types }: Services): void {
  app.post(
    '/agents/:agent_id/commands',
    {
      config: { permission: 'commands:write' },
      schema: {
        tags: TAG,
        summary: 'Tell an agent to do something',
        description:
          'start, stop, pause and resume set the desired state, reconfigure replaces the configuration by the payload, and all of them are done at once. The others wait for the host that holds the agent: follow the command until it is done, failed or expired.',
        params: AgentParams,
        body: CommandBody,
        response: { 202: CommandView, ...problems(404, 409) },
      },
    },
    async (request, reply) => {
      const { command, payload, dedupe_key: dedupeKey } = request.body;
      const agent = await state.agents.get(agentId(request.params.agent_id));
      if (agent === undefined) throw noAgent(request.params.agent_id);
      await types.refresh();
      const type = types.card(agent.type);
      const known = [...BUILT_IN_COMMANDS, ...(type?.commands ?? [])];
      if (type !== undefined && !known.includes(command)) {
        throw new MusterError('INVALID_INPUT', `an agent of type ${agent.type} has no command "${command}"`, {
          remedy: `Use one of: ${known.join(', ')}.`,
          data: { errors: [{ pointer: '/command', code: 'unknown_command', message: `is not one of ${known.join(', ')}` }] },
        });
      }
      if (command === 'reconfigure') types.checkConfig(agent.type, payload ?? {});
      const record = await state.commands
        .submit({
          agentId: agent.agentId,
          command,
          requestedBy: principalOf(request).subject,
          ...(payload === undefined ? {} : { payload }),
          ...(dedupeKey === undefined ? {} : { dedupeKey }),
        })
        .finally(() => board.invalidate());
      void reply.header('location', `/api/v1/commands/${record.commandId}`);
      return reply.code(202).send(commandView(record));
    },
  );

  app.get(
    '/agents/:agent_id/commands',
    {
      config: { permission: 'commands:read' },
      schema: {
        tags: TAG,
        summary: "List an agent's commands, newest first",
        params: AgentParams,
        querystring: CommandListQuery,
        response: { 200: pageOf(CommandView), ...problems(404) },
      },
    },
    async (request) => {
      const id = agentId(request.params.agent_id);
      if ((await state.agents.get(id)) === undefined) throw noAgent(id);
      return list({ agentId: id, ...stateFilter(request.query.state) }, request.query);
    },
  );

  app.get(
    '/commands',
    {
      config: { permission: 'commands:read' },
      schema: {
        tags: TAG,
        summary: 'List commands, newest first',
        querystring: CommandListQuery,
        response: { 200: pageOf(CommandView), ...problems() },
      },
    },
    async (request) => list(stateFilter(request.query.state), request.query),
  );

  app.get(
    '/commands/:command_id',
    {
      config: { permission: 'commands:read' },
      schema: {
        tags: TAG,
        summary: 'Show a command',
        params: z.object({ command_id: z.guid() }),
        response: { 200: CommandView, ...problems(404) },
      },
    },
    async (request) => {
      const command = await state.commands.get(request.params.command_id);
      if (command === undefined) throw new MusterError('NOT_FOUND', `command ${request.params.command_id} does not exist`);
      return commandView(command);
    },
  );

  const list = async (
    filter: Parameters<typeof state.commands.list>[0],
    query: { readonly limit: number; readonly cursor?: string | undefined },
  ) => {
    const place = decodeCursor('commands', query.cursor);
    const page = await state.commands.list(filter, { limit: query.limit, ...(place === undefined ? {} : { cursor: place }) });
    return { items: page.items.map(commandView), next_cursor: page.nextCursor === null ? null : encodeCursor('commands', page.nextCursor) };
  };
}

const stateFilter = (state: CommandState | undefined): { readonly state?: CommandState } => (state === undefined ? {} : { state });
