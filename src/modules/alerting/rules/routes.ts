import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MusterError } from '../../../base/errors.ts';
import type { Api } from '../../../http/api.ts';
import { decodeCursor, pageOf as cut } from '../../../http/cursor.ts';
import { principalOf } from '../../../http/principal.ts';
import { invalid } from '../../../http/problem.ts';
import { CursorText, Limit, Nothing, pageOf, problems, text, Time } from '../../../http/schemas.ts';
import { isoTime, isoTimeOrNull } from '../../../http/time.ts';
import type { ModuleServices } from '../../module.ts';
import { ruleDocument, type RuleDocument } from './document.ts';
import { replayRule } from './replay.ts';
import { lookUpIn } from './rule-look-up.ts';
import { compileRule } from './rule.ts';
import { createRuleStore, type RuleRecord } from './rule-store.ts';
import { RuleChange, RuleReplayView, RuleTargetView, ruleTargetView, ruleView, RuleView } from './views.ts';

const TAG = ['rules'];
const LIST = 'rules';
const DAY_MS = 86_400_000;
/** Details are kept for 30 days by default; a replay over more would only read longer. */
const LONGEST_REPLAY_MS = 31 * DAY_MS;
const NameParams = z.object({ name: text(1, 255).describe('Name of a rule') });

export function addRuleRoutes(app: Api, { state, wake }: Pick<ModuleServices, 'state' | 'wake'>): void {
  const rules = createRuleStore(state.database, wake);

  app.get(
    '/rules',
    {
      config: { permission: 'rules:read' },
      schema: {
        tags: TAG,
        summary: 'List rules in order of name, with how each fares',
        querystring: z.strictObject({ limit: Limit, cursor: CursorText.optional(), source: z.enum(['default', 'file', 'api']).optional() }),
        response: { 200: pageOf(RuleView), ...problems() },
      },
    },
    async (request) => {
      const { limit, cursor, source } = request.query;
      const after = decodeCursor(LIST, cursor);
      const records = await rules.list(source === undefined ? {} : { source }, {
        limit: limit + 1,
        ...(after === undefined ? {} : { after }),
      });
      const page = cut(LIST, records, limit, ({ name }) => name);
      return { items: page.items.map(ruleView), next_cursor: page.nextCursor };
    },
  );

  app.post(
    '/rules',
    {
      config: { permission: 'rules:write' },
      schema: {
        tags: TAG,
        summary: 'Make a rule',
        description: 'A metric that nobody has measured yet is accepted: the rule says no_data until somebody does.',
        body: ruleDocument,
        response: { 201: RuleView, ...problems(409) },
      },
    },
    async (request, reply) => {
      const record = await rules.create(request.body, principalOf(request).subject);
      void reply.header('location', `/api/v1/rules/${encodeURIComponent(record.name)}`).header('etag', etag(record.revision));
      return reply.code(201).send(ruleView(record));
    },
  );

  app.get(
    '/rules/:name',
    {
      config: { permission: 'rules:read' },
      schema: {
        tags: TAG,
        summary: 'Show a rule; its ETag is its revision',
        params: NameParams,
        response: { 200: RuleView, ...problems(404) },
      },
    },
    async (request, reply) => {
      const record = await rules.get(request.params.name);
      if (record === undefined) throw missing(request.params.name);
      // How it fares changes without its revision: a copy is asked about each time, and is only good for what was written.
      void reply.header('etag', etag(record.revision)).header('cache-control', 'private, no-cache');
      return ruleView(record);
    },
  );

  app.get(
    '/rules/:name/targets',
    {
      config: { permission: 'rules:read' },
      schema: {
        tags: TAG,
        summary: 'What of a rule is not well: targets that are pending, firing or in error, the longest first',
        params: NameParams,
        querystring: z.strictObject({ limit: Limit }),
        response: { 200: z.object({ items: z.array(RuleTargetView) }), ...problems(404) },
      },
    },
    async (request) => {
      const { name } = request.params;
      if ((await rules.get(name)) === undefined) throw missing(name);
      return { items: (await rules.targets(name, request.query.limit)).map(ruleTargetView) };
    },
  );

  app.put(
    '/rules/:name',
    {
      config: { permission: 'rules:write' },
      preValidation: nameFromPath,
      schema: {
        tags: TAG,
        summary: 'Make or replace a rule',
        description:
          'The name in the path need not be repeated. If-Match with its ETag writes only if it is still the same; If-None-Match: * only if there is none.',
        params: NameParams,
        body: ruleDocument,
        response: { 200: RuleView, ...problems(409, 412) },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      if (request.body.name !== name)
        throw invalid([{ pointer: '/name', code: 'other_name', message: `is not "${name}", the name in the path; a rule keeps its name` }]);
      const revision = expected(request.headers['if-match'], request.headers['if-none-match']);
      const record = await rules.put(request.body, principalOf(request).subject, { revision: await revisionOf(name, revision) });
      void reply.header('etag', etag(record.revision));
      return ruleView(record);
    },
  );

  app.patch(
    '/rules/:name',
    {
      config: { permission: 'rules:write' },
      schema: {
        tags: TAG,
        summary: 'Change a rule',
        description: 'Only what is given changes; null takes a field away. If-Match with its ETag changes it only if it is still the same.',
        params: NameParams,
        body: RuleChange,
        response: { 200: RuleView, ...problems(404, 409, 412) },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const wanted = await revisionOf(name, expected(request.headers['if-match'], undefined));
      const before = await rules.get(name);
      if (before === undefined) throw missing(name);
      const changed = changedDocument(before, request.body);
      // What it was merged with must still be there when it is written.
      const record = await rules.put(changed, principalOf(request).subject, { revision: wanted ?? before.revision });
      void reply.header('etag', etag(record.revision));
      return ruleView(record);
    },
  );

  app.delete(
    '/rules/:name',
    {
      config: { permission: 'rules:write' },
      schema: {
        tags: TAG,
        summary: 'Delete a rule; what it has open is closed',
        params: NameParams,
        response: { 204: Nothing, ...problems(404, 409, 412) },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const revision = await revisionOf(name, expected(request.headers['if-match'], undefined));
      if (!(await rules.delete(name, { revision }))) throw missing(name);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/rules/test',
    {
      config: { permission: 'rules:read' },
      schema: {
        tags: TAG,
        summary: 'Replay a rule over stored history: when would it have fired?',
        description: 'Nothing is written. The rule is judged by the very same evaluation as in service.',
        body: z.strictObject({ rule: ruleDocument, from: Time.optional(), to: Time.optional() }),
        response: { 200: RuleReplayView, ...problems() },
      },
    },
    async (request) => {
      const now = Date.now();
      const { rule } = request.body;
      const to = Math.min(request.body.to ?? now, now);
      const from = request.body.from ?? now - DAY_MS;
      if (from >= to) throw invalid([{ pointer: '/from', code: 'empty_range', message: 'must be before `to`, and in the past' }]);
      if (to - from > LONGEST_REPLAY_MS)
        throw invalid([{ pointer: '/from', code: 'too_long', message: 'is more than 31 days before `to`' }]);
      const replay = await replayRule(state.metrics, compileRule(rule), { from, to, lookUp: lookUpIn(rules) });
      return {
        rule: rule.name,
        from: isoTime(replay.from),
        to: isoTime(replay.to),
        series: replay.series,
        evaluations: replay.evaluations,
        is_truncated: replay.isTruncated,
        note: replay.note,
        firings: replay.firings.map((firing) => ({
          target: firing.target,
          level: firing.level,
          bad_since: isoTime(firing.badSince),
          fired_at: isoTime(firing.firedAt),
          ended_at: isoTimeOrNull(firing.endedAt),
          value: firing.value,
          threshold: firing.threshold,
          explanation: firing.explanation,
        })),
      };
    },
  );

  /** `*` is whatever it is at now. */
  const revisionOf = async (name: string, wanted: number | '*' | undefined): Promise<number | undefined> => {
    if (wanted !== '*') return wanted;
    const record = await rules.get(name);
    if (record === undefined) throw new MusterError('PRECONDITION_FAILED', `rule "${name}" does not exist`);
    return record.revision;
  };
}

/** What a path says of a rule its body need not say again. */
async function nameFromPath({ body, params }: FastifyRequest): Promise<void> {
  if (typeof body !== 'object' || body === null || Array.isArray(body) || 'name' in body) return;
  Object.assign(body, { name: (params as { readonly name: string }).name });
}

/** A merge patch (RFC 7396) of the fields of a rule, judged as a whole: fields depend on each other. */
function changedDocument({ definition, name }: RuleRecord, change: Readonly<Record<string, unknown>>): RuleDocument {
  const { name: other = name } = change;
  if (other !== name) throw invalid([{ pointer: '/name', code: 'other_name', message: `is not "${name}"; a rule keeps its name` }]);
  const fields = Object.entries({ ...definition, ...change, name }).filter(([, value]) => value !== null);
  const parsed = ruleDocument.safeParse(Object.fromEntries(fields));
  if (parsed.success) return parsed.data;
  throw invalid(
    parsed.error.issues.map(({ code, message, path }) => ({
      pointer: path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
      code,
      message,
    })),
  );
}

/** The revision that a write insists on: 0, there must be none; undefined, any. */
function expected(ifMatch: string | undefined, ifNoneMatch: string | undefined): number | '*' | undefined {
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() !== '*') throw new MusterError('MALFORMED', 'If-None-Match of a write can only be *');
    return 0;
  }
  if (ifMatch === undefined) return undefined;
  if (ifMatch.trim() === '*') return '*';
  const revision = /^"(\d{1,15})"$/.exec(ifMatch.trim())?.[1];
  if (revision === undefined) throw new MusterError('PRECONDITION_FAILED', 'If-Match is not an ETag of a rule');
  return Number(revision);
}

const etag = (revision: number): string => `"${revision}"`;
const missing = (name: string): MusterError => new MusterError('NOT_FOUND', `rule "${name}" does not exist`);
