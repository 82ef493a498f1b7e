import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MusterError } from '../../../../base/errors.ts';
import type { ModuleServices } from '../../../module.ts';
import { sendAttachment, sendJson } from '../../reads/answers.ts';
import { readAttachment } from '../../reads/attachments.ts';
import { listText, objectText } from '../../reads/json-text.ts';
import { listProjects, type ProjectRecord } from '../../reads/project-store.ts';
import type { RunRecord } from '../../reads/run-record.ts';
import { runsOfTrace } from '../../reads/run-store.ts';
import { openShare } from '../../reads/share-store.ts';
import { openAttachmentToken } from './attachment-token.ts';
import { oneOrMany, parsed, said, Uuid } from './bodies.ts';
import { V1_FIELDS, v1Fields, v2Fields } from './run-fields.ts';
import { baseOf, showRuns } from './show.ts';
import { selected, Selects } from './v2-routes.ts';

const MOST_RUNS = 1_000;
const door = (summary: string) => ({ config: { permission: 'public' as const }, schema: { tags: ['langsmith'], summary, security: [] } });
const tokenOf = (request: FastifyRequest): string => parsed(z.object({ token: Uuid }), request.params).token;

interface Shared {
  readonly runs: readonly RunRecord[];
  readonly projects: readonly ProjectRecord[];
}

/** What may be read without a key: traces that somebody shared, by their token, and attachments by the address that was shown with their run. */
export function addPublicReads(app: FastifyInstance, { state }: ModuleServices): void {
  const { database: db, secrets } = state;

  const shared = async (request: FastifyRequest): Promise<Shared> => {
    const share = await openShare(db, tokenOf(request));
    if (share === undefined) throw notShared();
    const runs = await runsOfTrace(db, share.traceId, [share.projectNo], MOST_RUNS);
    const projects = (await listProjects(db, [share.projectNo])).slice(0, 1);
    if (runs.length === 0) throw notShared();
    return { runs, projects };
  };
  const show = (request: FastifyRequest, runs: readonly RunRecord[], projects: readonly ProjectRecord[], fields: readonly string[]) =>
    showRuns(runs, { db, secrets, base: baseOf(request), projects, fields });
  /** Without what else is in its project: where it stands and by which token it is shared. */
  const v1 = V1_FIELDS.filter((field) => field !== 'share_token');

  app.get('/langsmith/public/:token/run', door('The root of a shared trace'), async (request, reply) => {
    const { runs, projects } = await shared(request);
    const [shown] = await show(request, runs.slice(0, 1), projects, v1);
    if (shown === undefined) throw notShared();
    return sendJson(reply, objectText(v1Fields(shown, v1)));
  });

  app.get('/langsmith/public/:token/run/:run_id', door('A run of a shared trace'), async (request, reply) => {
    const { runs, projects } = await shared(request);
    const [shown] = await show(request, [runOf(runs, request)], projects, v1);
    if (shown === undefined) throw notShared();
    return sendJson(reply, objectText(v1Fields(shown, v1)));
  });

  // JavaScript's SDK writes its query without a question mark: /runsshare_token=…&id=…
  app.get('/langsmith/public/:token/:runs', door('The runs of a shared trace'), async (request, reply) => {
    const { runs: rest } = request.params as { readonly runs: string };
    if (!rest.startsWith('runs')) throw new MusterError('NOT_FOUND', 'there is nothing at this address');
    const { runs, projects } = await shared(request);
    const asked = new URLSearchParams(rest.slice('runs'.length)).getAll('id');
    const { id } = parsed(z.object({ id: said(oneOrMany(Uuid)) }), {
      ...(request.query as object),
      ...(asked.length === 0 ? {} : { id: asked }),
    });
    const chosen = id === undefined ? runs : runs.filter(({ runId }) => id.includes(runId));
    return sendJson(reply, listText((await show(request, chosen, projects, v1)).map((one) => objectText(v1Fields(one, v1)))));
  });

  app.post('/langsmith/public/:token/runs/query', door('The runs of a shared trace, as Python asks for them'), async (request, reply) => {
    const { runs, projects } = await shared(request);
    const { id } = parsed(z.object({ id: said(oneOrMany(Uuid)) }), request.body);
    const chosen = id === undefined ? runs : runs.filter(({ runId }) => id.includes(runId));
    const texts = (await show(request, chosen, projects, v1)).map((one) => objectText(v1Fields(one, v1)));
    return sendJson(reply, `{"runs":${listText(texts)},"cursors":{"next":null}}`);
  });

  app.get('/langsmith/v2/public/:token/run/:run_id', door('A run of a shared trace'), async (request, reply) => {
    const { runs, projects } = await shared(request);
    const fields = selected(parsed(z.object({ selects: Selects }), request.query).selects).filter((field) => field !== 'SHARE_URL');
    const [shown] = await show(request, [runOf(runs, request)], projects, fields);
    if (shown === undefined) throw notShared();
    return sendJson(reply, objectText(v2Fields(shown, fields)));
  });

  app.post('/langsmith/v2/public/:token/runs/query', door('The runs of a shared trace'), async (request, reply) => {
    const { runs, projects } = await shared(request);
    const fields = selected(parsed(z.object({ selects: Selects }), request.body).selects).filter((field) => field !== 'SHARE_URL');
    const shown = await show(request, runs, projects, fields);
    return sendJson(reply, `{"items":${listText(shown.map((one) => objectText(v2Fields(one, fields))))}}`);
  });

  app.get('/langsmith/public/download', door('An attachment, by the address that was shown with its run'), async (request, reply) => {
    const { jwt } = parsed(z.object({ jwt: z.string().max(4_096) }), request.query);
    const opened = await openAttachmentToken(secrets, jwt, Date.now());
    const found = opened === undefined ? undefined : await readAttachment(db, opened.run, opened.name);
    if (found === undefined)
      throw new MusterError('NOT_FOUND', 'this address is too old, or was never one of ours', {
        remedy: 'Read the run again: it has a new one.',
      });
    return sendAttachment(reply, found);
  });
}

const notShared = (): MusterError => new MusterError('NOT_FOUND', 'nothing is shared under this token');

function runOf(runs: readonly RunRecord[], request: FastifyRequest): RunRecord {
  const { run_id: runId } = parsed(z.object({ run_id: Uuid }), request.params);
  const run = runs.find((one) => one.runId === runId);
  if (run === undefined) throw notShared();
  return run;
}
