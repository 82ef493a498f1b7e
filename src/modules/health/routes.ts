import { z } from 'zod';
import { MusterError } from '../../base/errors.ts';
import { sql } from '../../db/sql.ts';
import type { Api } from '../../http/api.ts';
import { decodeCursor, pageOf as cut } from '../../http/cursor.ts';
import { IsoTime, pageOf, PageQuery, problems, text, Time } from '../../http/schemas.ts';
import { isoTime, isoTimeOrNull } from '../../http/time.ts';
import type { SharedState } from '../../state/shared-state.ts';
import type { ModuleServices } from '../module.ts';
import { diffOf } from './diff.ts';
import { faded, judgedLast } from './judged.ts';
import { Scores, SUBJECT_KINDS } from './scores.ts';
import { DiffView, diffView, ScoreView, scoreView } from './views.ts';

const MOST_CHANGES = 500;

const SubjectParams = z.strictObject({
  subject: text(1, 300).describe('fleet, database, database:<name>, host:<hostname> or agent:<agent_id>'),
});
const Judged = {
  evaluated_at: IsoTime.nullable().describe('When the fleet was judged last; null: never'),
  stale: z.boolean().describe('That was too long ago to tell anything about now: the scores are unknown'),
};

/** How well everything is, why, since when, and what changed. */
export function addHealthScoreRoutes(app: Api, { state }: Pick<ModuleServices, 'state'>): void {
  const scores = new Scores(state.database);

  app.get(
    '/health-scores',
    {
      config: { permission: 'agents:read' },
      schema: {
        tags: ['health'],
        summary: 'List the score of every subject with all it is made of, now or at a time',
        querystring: PageQuery.extend({
          at: Time.optional().describe('How they stood then. Default: now'),
          kind: z.enum(SUBJECT_KINDS).optional().describe('Only subjects of this kind'),
          subject: text(1, 300).optional().describe('Only this one'),
        }),
        response: { 200: pageOf(ScoreView).extend(Judged), ...problems() },
      },
    },
    async (request) => {
      const { limit, cursor, at, kind, subject } = request.query;
      const after = decodeCursor('health-scores', cursor);
      const found = await scores.at(at, {
        limit: limit + 1,
        ...(after === undefined ? {} : { after }),
        ...(kind === undefined ? {} : { kind }),
        ...(subject === undefined ? {} : { subject }),
      });
      const judged = await judgedLast(state, await databaseNow(state));
      const { items, nextCursor } = cut('health-scores', found, limit, ({ subject }) => subject);
      return {
        items: items.map((record) => scoreView(at === undefined ? faded(record, judged) : record)),
        next_cursor: nextCursor,
        evaluated_at: isoTimeOrNull(judged.at),
        stale: judged.stale,
      };
    },
  );

  app.get(
    '/health-scores/changes',
    {
      config: { permission: 'agents:read' },
      schema: {
        tags: ['health'],
        summary: 'What changed since a time: which scores, and by which findings',
        querystring: z.strictObject({ since: Time }),
        response: {
          200: z.object({ since: IsoTime, items: z.array(DiffView), omitted: z.boolean(), ...Judged }),
          ...problems(),
        },
      },
    },
    async (request) => {
      const { since } = request.query;
      const found = await scores.changed(since, MOST_CHANGES + 1);
      const judged = await judgedLast(state, await databaseNow(state));
      return {
        since: isoTime(since),
        items: found
          .slice(0, MOST_CHANGES)
          .map(({ before, now }) => diffView(diffOf({ before, now: now === null ? null : faded(now, judged) }))),
        omitted: found.length > MOST_CHANGES,
        evaluated_at: isoTimeOrNull(judged.at),
        stale: judged.stale,
      };
    },
  );

  app.get(
    '/health-scores/:subject',
    {
      config: { permission: 'agents:read' },
      schema: {
        tags: ['health'],
        summary: 'Show why a subject has the score it has',
        params: SubjectParams,
        querystring: z.strictObject({ at: Time.optional().describe('How it stood then. Default: now') }),
        response: { 200: ScoreView, ...problems(404) },
      },
    },
    async (request) => {
      const { subject } = request.params;
      const { at } = request.query;
      const record = await scores.of(subject, at);
      if (record === undefined) throw noScore(subject, at);
      return scoreView(at === undefined ? faded(record, await judgedLast(state, await databaseNow(state))) : record);
    },
  );

  app.get(
    '/health-scores/:subject/history',
    {
      config: { permission: 'agents:read' },
      schema: {
        tags: ['health'],
        summary: 'List what a score went through, newest first',
        params: SubjectParams,
        querystring: PageQuery.extend({ from: Time.optional(), to: Time.optional() }),
        response: { 200: pageOf(ScoreView), ...problems(404) },
      },
    },
    async (request) => {
      const { subject } = request.params;
      const { limit, cursor, from, to } = request.query;
      const list = `health-history ${subject}`;
      const place = decodeCursor(list, cursor);
      const found = await scores.history(subject, {
        limit: limit + 1,
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
        ...(place === undefined ? {} : { before: Number(place) }),
      });
      if (found.length === 0 && (await scores.of(subject)) === undefined) throw noScore(subject, undefined);
      const { items, nextCursor } = cut(list, found, limit, ({ since }) => String(since));
      return { items: items.map(scoreView), next_cursor: nextCursor };
    },
  );
}

const noScore = (subject: string, at: number | undefined): MusterError =>
  new MusterError('NOT_FOUND', `there is no score of ${subject}${at === undefined ? '' : ` at ${isoTime(at)}`}`, {
    remedy: 'GET /health-scores lists those there are; heartbeat_health_agent writes them every 30 s.',
  });

async function databaseNow({ database }: SharedState): Promise<number> {
  const row = await database.one<{ readonly now: number }>(sql`select extract(epoch from clock_timestamp())::float8 * 1000 as now`);
  return row?.now ?? Date.now();
}
