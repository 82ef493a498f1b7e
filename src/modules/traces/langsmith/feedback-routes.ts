import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { MusterError } from '../../../base/errors.ts';
import { sql } from '../../../db/sql.ts';
import { principalOf } from '../../../http/principal.ts';
import type { ModuleServices } from '../../module.ts';
import { intakeOf, type NewFeedback } from '../intake/index.ts';
import { microsOf } from '../run/times.ts';
import { uuidOf } from '../run/uuid.ts';
import { parsed } from './batch-runs.ts';
import { isRefusedFeedback, readFeedback } from './feedback-fields.ts';
import { FeedbackTokens, type FeedbackToken } from './feedback-tokens.ts';
import { bodyOf, mayWriteOf } from './request.ts';

const door = (summary: string) => ({ config: { permission: 'traces:write' as const }, schema: { tags: ['langsmith'], summary } });
const publicDoor = (summary: string) => ({
  config: { permission: 'public' as const },
  schema: { tags: ['langsmith'], summary, security: [] },
});
const LONGEST_TOKEN_SECONDS = 365 * 86_400;
const LONGEST_COMMENT = 10_000;
const TOKEN = /^[A-Za-z0-9_-]{20,64}$/;

/** Feedback on runs: by programs with a key, and by users of an application with a token for one run. */
export function addFeedbackRoutes(app: FastifyInstance, services: ModuleServices): void {
  const intake = intakeOf(services);
  const { database } = services.state;
  const tokens = new FeedbackTokens(database);
  const keep = async (feedback: NewFeedback, mayWrite: readonly string[] | null): Promise<void> => {
    const { refused } = await intake.submit({ source: 'langsmith', operations: [], feedback: [feedback], mayWrite });
    if (refused > 0) throw new MusterError('FORBIDDEN', 'the key may not write to the project of this run');
  };

  app.post('/langsmith/feedback', door('Feedback on a run'), async (request) => {
    const { value, text } = parsed((await bodyOf(request)).toString('utf8'));
    const feedback = readFeedback(value, text);
    if (isRefusedFeedback(feedback)) throw new MusterError('INVALID_INPUT', feedback.message);
    await keep(feedback, mayWriteOf(request));
    return { ...(value as object), id: feedback.feedbackId };
  });

  app.patch('/langsmith/feedback/:feedback_id', door('Changes feedback'), async (request) => {
    const { value, text } = parsed((await bodyOf(request)).toString('utf8'));
    const id = idOf(request);
    const row = await database.one<{ key: string; run_id: string | null; source: NewFeedback['source'] }>(
      sql`select key, run_id, source from muster.trace_feedback where feedback_id = ${id}`,
    );
    if (row === undefined) throw noFeedback();
    const said = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
    const feedback = readFeedback({ key: row.key, run_id: row.run_id, ...said }, text, id);
    if (isRefusedFeedback(feedback)) throw new MusterError('INVALID_INPUT', feedback.message);
    await keep({ ...feedback, source: row.source, runId: row.run_id ?? undefined }, mayWriteOf(request));
    return { ...said, id };
  });

  app.delete('/langsmith/feedback/:feedback_id', door('Removes feedback'), async (request, reply) => {
    const mayWrite = mayWriteOf(request);
    const { count } = await database.query(sql`delete from muster.trace_feedback f where feedback_id = ${idOf(request)}
      and (${mayWrite}::text[] is null or exists (select from muster.trace_projects p where p.project_no = f.project_no and p.name = any(${mayWrite}::text[])))`);
    if (count === 0) throw noFeedback();
    return reply.code(204).send();
  });

  app.post('/langsmith/feedback/tokens', door('An address by which a user judges one answer'), async (request) => {
    const { value } = parsed((await bodyOf(request)).toString('utf8'));
    const wanted = [value].flat().map((one) => tokenWanted(one, Date.now()));
    const made = [];
    for (const one of wanted) made.push(viewOf(await tokens.create({ ...one, createdBy: principalOf(request).subject }), request));
    return Array.isArray(value) ? made : made[0];
  });

  app.get('/langsmith/feedback/tokens', door('The tokens of a run, without their addresses'), async (request) => {
    const runId = uuidOf((request.query as { run_id?: unknown }).run_id);
    if (runId === undefined) throw new MusterError('INVALID_INPUT', 'run_id: is a UUID');
    return (await tokens.ofRun(runId)).map(({ tokenId, expiresAt }) => ({ id: tokenId, url: '', expires_at: expiresAt.toISOString() }));
  });

  const judge = async (request: FastifyRequest, reply: FastifyReply, said: Readonly<Record<string, unknown>>): Promise<FastifyReply> => {
    const { token } = request.params as { token: string };
    const found: FeedbackToken | undefined = TOKEN.test(token) ? await tokens.find(token) : undefined;
    if (found === undefined) throw new MusterError('NOT_FOUND', 'this address is not known, or its time is over');
    const score = typeof said['score'] === 'string' && said['score'] !== '' ? Number(said['score']) : said['score'];
    const comment = typeof said['comment'] === 'string' ? said['comment'].slice(0, LONGEST_COMMENT) : undefined;
    const fields = { ...said, score, comment, run_id: found.runId, key: found.key, feedback_source: { type: 'app' } };
    // One judgement a token: a user who changes their mind changes it.
    const feedback = readFeedback(fields, JSON.stringify(fields), found.tokenId);
    if (isRefusedFeedback(feedback)) throw new MusterError('INVALID_INPUT', feedback.message);
    await keep(feedback, null);
    return reply.header('cache-control', 'no-store').header('access-control-allow-origin', '*').send({ id: feedback.feedbackId });
  };
  app.get('/langsmith/feedback/tokens/:token', publicDoor('Judges one answer: the token is the key'), (request, reply) =>
    judge(request, reply, pick(request.query)),
  );
  app.post('/langsmith/feedback/tokens/:token', publicDoor('Judges one answer: the token is the key'), async (request, reply) =>
    judge(request, reply, pick(parsed((await bodyOf(request)).toString('utf8')).value)),
  );
}

/** What a user may say. */
const pick = (said: unknown): Readonly<Record<string, unknown>> => {
  const { score, value, comment, correction } = (typeof said === 'object' && said !== null ? said : {}) as Record<string, unknown>;
  return { score, value, comment, correction };
};

function tokenWanted(one: unknown, now: number): { readonly runId: string; readonly key: string; readonly seconds: number } {
  const fields = (typeof one === 'object' && one !== null ? one : {}) as Readonly<Record<string, unknown>>;
  const runId = uuidOf(fields['run_id']);
  const key = fields['feedback_key'];
  if (runId === undefined) throw new MusterError('INVALID_INPUT', 'run_id: is a UUID');
  if (typeof key !== 'string' || key === '' || key.length > 200)
    throw new MusterError('INVALID_INPUT', 'feedback_key: is a text of 1 to 200 characters');
  return { runId, key, seconds: Math.min(Math.max(1, secondsOf(fields, now)), LONGEST_TOKEN_SECONDS) };
}

/** `expires_in: {days, hours, minutes}` or `expires_at`; three hours, as LangSmith's default is. */
function secondsOf(fields: Readonly<Record<string, unknown>>, now: number): number {
  const at = microsOf(fields['expires_at']);
  if (at !== undefined) return at / 1e6 - now / 1e3;
  const span = (typeof fields['expires_in'] === 'object' && fields['expires_in'] !== null ? fields['expires_in'] : { hours: 3 }) as Record<
    string,
    unknown
  >;
  const part = (name: string): number => (typeof span[name] === 'number' && Number.isFinite(span[name]) ? span[name] : 0);
  return part('days') * 86_400 + part('hours') * 3_600 + part('minutes') * 60;
}

const viewOf = ({ token, tokenId, expiresAt }: FeedbackToken & { readonly token: string }, request: FastifyRequest): object => ({
  id: tokenId,
  url: `${request.protocol}://${request.host}/langsmith/feedback/tokens/${token}`,
  expires_at: expiresAt.toISOString(),
});

function idOf(request: FastifyRequest): string {
  const id = uuidOf((request.params as { feedback_id: string }).feedback_id);
  if (id === undefined) throw noFeedback();
  return id;
}

const noFeedback = (): MusterError => new MusterError('NOT_FOUND', 'there is no such feedback');
