import { MusterError } from '../../base/errors.ts';
import { agentId, type AgentId } from '../../base/ids.ts';
import type { LogFilter, LogLevel } from '../../state/agent-logs.ts';
import type { Api } from '../../http/api.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import { AgentParams } from '../schemas/agents.ts';
import { PageQuery, pageOf, problems } from '../../http/schemas.ts';
import { AgentLogQuery, LogLineView, LogQuery, RunListQuery, RunParams, RunView, TermView } from '../schemas/ledger.ts';
import type { Services } from '../services.ts';
import { logLineView, runView, termView } from '../views.ts';
import { noAgent } from './agents.ts';

/** A search over all agents that says no time looks back this far: it reads every line, and must end. */
const SEARCH_BACK_MS = 86_400_000;

interface Page {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

interface LogQuestion extends Page {
  readonly run_id?: string | undefined;
  readonly level?: LogLevel | undefined;
  readonly search?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** What agents did and said, and who held them: runs, logs, history. */
export function addLedgerRoutes(app: Api, { state, clock }: Services): void {
  const { ledger } = state;

  /** History outlives its agent; only an id that neither exists nor left any is unknown. */
  const known = async <Answer extends { readonly items: readonly unknown[] }>(id: AgentId, answer: Answer): Promise<Answer> => {
    if (answer.items.length === 0 && (await state.agents.get(id)) === undefined) throw noAgent(id);
    return answer;
  };

  app.get(
    '/agents/:agent_id/runs',
    {
      config: { permission: 'agents:read' },
      schema: {
        tags: ['runs'],
        summary: "List an agent's runs, newest first",
        params: AgentParams,
        querystring: RunListQuery,
        response: { 200: pageOf(RunView), ...problems(404) },
      },
    },
    async (request) => {
      const id = agentId(request.params.agent_id);
      const { limit, cursor, outcome, from, to } = request.query;
      const filter = {
        agentId: id,
        ...(outcome === undefined ? {} : { outcome }),
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      };
      return known(id, answer('runs', await ledger.runs.list(filter, placed('runs', { limit, cursor })), runView));
    },
  );

  app.get(
    '/runs/:run_id',
    {
      config: { permission: 'agents:read' },
      schema: { tags: ['runs'], summary: 'Show a run', params: RunParams, response: { 200: RunView, ...problems(404) } },
    },
    async (request) => {
      const run = await ledger.runs.get(request.params.run_id);
      if (run === undefined)
        throw new MusterError('NOT_FOUND', `there is no run ${request.params.run_id}`, {
          remedy: 'A run is written within two seconds of its end, and forgotten after retention.runs.',
        });
      return runView(run);
    },
  );

  app.get(
    '/agents/:agent_id/logs',
    {
      config: { permission: 'agents:read' },
      schema: {
        tags: ['logs'],
        summary: 'List what an agent said, newest first',
        params: AgentParams,
        querystring: AgentLogQuery,
        response: { 200: pageOf(LogLineView), ...problems(404) },
      },
    },
    async (request) => {
      const id = agentId(request.params.agent_id);
      return known(id, await lines({ ...filterOf(request.query), agentId: id }, request.query));
    },
  );

  app.get(
    '/logs',
    {
      config: { permission: 'agents:read' },
      schema: {
        tags: ['logs'],
        summary: 'List what agents said, newest first',
        querystring: LogQuery,
        response: { 200: pageOf(LogLineView), ...problems() },
      },
    },
    async (request) => {
      const { agent_id: agent, ...question } = request.query;
      const filter = { ...filterOf(question), ...(agent === undefined ? {} : { agentId: agentId(agent) }) };
      const wide = filter.search !== undefined && filter.agentId === undefined && filter.runId === undefined && filter.from === undefined;
      return lines(wide ? { ...filter, from: clock.now() - SEARCH_BACK_MS } : filter, question);
    },
  );

  app.get(
    '/agents/:agent_id/history',
    {
      config: { permission: 'agents:read' },
      schema: {
        tags: ['agents'],
        summary: 'Show which hosts held an agent, from when to when, and why it moved; newest first',
        params: AgentParams,
        querystring: PageQuery,
        response: { 200: pageOf(TermView), ...problems(404) },
      },
    },
    async (request) => {
      const id = agentId(request.params.agent_id);
      return known(id, answer('history', await ledger.terms.list(id, placed('history', request.query)), termView));
    },
  );

  const lines = async (filter: LogFilter, page: Page) => answer('logs', await ledger.logs.list(filter, placed('logs', page)), logLineView);
}

function placed(list: string, { limit, cursor }: Page): { readonly limit: number; readonly cursor?: string } {
  const place = decodeCursor(list, cursor);
  return { limit, ...(place === undefined ? {} : { cursor: place }) };
}

function answer<Item, View>(
  list: string,
  page: { readonly items: readonly Item[]; readonly nextCursor: string | null },
  view: (item: Item) => View,
): { items: View[]; next_cursor: string | null } {
  return { items: page.items.map(view), next_cursor: page.nextCursor === null ? null : encodeCursor(list, page.nextCursor) };
}

function filterOf({ run_id: runId, level, search, from, to }: LogQuestion): LogFilter {
  return {
    ...(runId === undefined ? {} : { runId }),
    ...(level === undefined ? {} : { level }),
    ...(search === undefined ? {} : { search }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}
