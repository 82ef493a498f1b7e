import { z } from 'zod';
import { MusterError } from '../../../base/errors.ts';
import type { Database } from '../../../db/database.ts';
import type { Api } from '../../../http/api.ts';
import { decodeCursor, encodeCursor } from '../../../http/cursor.ts';
import { principalOf } from '../../../http/principal.ts';
import { CursorText, IsoTime, Nothing, pageOf, problems, text } from '../../../http/schemas.ts';
import { isoMicros } from './filter/timestamp.ts';
import { getRefused, listRefused, removeRefused, type RefusedRecord } from './quarantine-store.ts';

const RefusedView = z
  .object({
    no: z.number().int(),
    received_at: IsoTime,
    source: z.string().describe('The door it came by: langsmith, otlp, gateway or replay'),
    project: z.string().nullable(),
    run_id: z.string().nullable().describe('As it was sent, which may be no UUID'),
    reason: z.string(),
    message: z.string(),
    size: z.number().int().describe('Bytes of it as it was sent'),
  })
  .meta({ id: 'RefusedRun', description: 'What was sent as a run and could not be kept' });

const Params = z.strictObject({ no: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) });
const LIST = 'traces/quarantine';
const Name = text(1, 512);

/** What was refused, so that nobody wonders where it is. */
export function addQuarantineRoutes(app: Api, db: Database): void {
  app.get(
    '/traces/quarantine',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['traces'],
        summary: 'List what was sent and could not be kept, newest first',
        querystring: z.strictObject({
          source: text(1, 100).optional(),
          reason: text(1, 100).optional(),
          project: Name.optional(),
          limit: z.coerce.number().int().min(1).max(1_000).default(100),
          cursor: CursorText.optional(),
        }),
        response: { 200: pageOf(RefusedView), ...problems() },
      },
    },
    async (request) => {
      const { limit, cursor, ...filter } = request.query;
      const before = decodeCursor(LIST, cursor);
      if (before !== undefined && !/^\d{1,15}$/.test(before))
        throw new MusterError('BAD_CURSOR', 'the cursor does not belong to this list');
      const found = await listRefused(db, principalOf(request).projects, filter, {
        limit: limit + 1,
        before: before === undefined ? undefined : Number(before),
      });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        items: page.map(refusedView),
        next_cursor: found.length > limit && last !== undefined ? encodeCursor(LIST, String(last.no)) : null,
      };
    },
  );

  app.get(
    '/traces/quarantine/:no',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['traces'],
        summary: 'Show what was refused, with its beginning',
        params: Params,
        response: {
          200: RefusedView.extend({ body: z.string().nullable().describe('Its first 64 KiB, as text; null: it was not kept') }),
          ...problems(404),
        },
      },
    },
    async (request) => {
      const found = await getRefused(db, principalOf(request).projects, request.params.no);
      if (found === undefined) throw nothingRefused(request.params.no);
      return { ...refusedView(found), body: found.body === null ? null : found.body.toString('utf8') };
    },
  );

  app.delete(
    '/traces/quarantine/:no',
    {
      config: { permission: 'traces:manage' },
      schema: { tags: ['traces'], summary: 'Forget what was refused', params: Params, response: { 204: Nothing, ...problems(404) } },
    },
    async (request, reply) => {
      if (!(await removeRefused(db, principalOf(request).projects, request.params.no))) throw nothingRefused(request.params.no);
      return reply.code(204).send(null);
    },
  );
}

export const nothingRefused = (no: number): MusterError =>
  new MusterError('NOT_FOUND', `there is nothing in quarantine under ${no}`, { remedy: '`muster traces quarantine` lists what there is.' });

export const refusedView = ({ receivedAt, runId, ...refused }: RefusedRecord): z.input<typeof RefusedView> => ({
  no: refused.no,
  received_at: isoMicros(receivedAt),
  source: refused.source,
  project: refused.project,
  run_id: runId,
  reason: refused.reason,
  message: refused.message,
  size: refused.size,
});
