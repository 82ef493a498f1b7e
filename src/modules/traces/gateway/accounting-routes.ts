import { z } from 'zod';
import { MusterError } from '../../../base/errors.ts';
import type { Api } from '../../../http/api.ts';
import { mayUseProject, principalOf, requireAllProjects } from '../../../http/principal.ts';
import { IsoTime, Nothing, problems, text, Time } from '../../../http/schemas.ts';
import { isoTime } from '../../../http/time.ts';
import type { ModuleServices } from '../../module.ts';
import { AnswerStore } from './answer-store.ts';
import { recentAnswersOf } from './recent-answers.ts';
import { LimitStore, type LimitRecord } from './limit-store.ts';
import type { Use } from './limits.ts';
import { SavingsView, savingsView } from './savings-view.ts';
import { setLimits } from './set-limits.ts';

const KeyParams = z.strictObject({
  key_id: text(1, 64)
    .regex(/^([0-9a-z]{1,64}|\*)$/, 'is the id of a key, or *')
    .describe('The id of a key; * for every key that has no limits of its own'),
});

const GivenLimits = z.strictObject({
  usd_per_day: z.number().min(0).max(1e9).nullable().default(null),
  usd_per_month: z.number().min(0).max(1e9).nullable().default(null),
  is_hard: z.boolean().default(true).describe('Refuse beyond the budget; otherwise only say so in x-muster-warning'),
  requests_per_minute: z.number().int().min(0).max(1e9).nullable().default(null),
  tokens_per_minute: z.number().int().min(0).max(1e12).nullable().default(null),
});
export type GivenLimits = z.output<typeof GivenLimits>;

const LimitsView = GivenLimits.extend({
  key_id: z.string(),
  updated_by: z.string(),
  updated_at: IsoTime,
  used: z
    .object({ usd_today: z.number(), usd_this_month: z.number(), requests_this_minute: z.number().int(), tokens_this_minute: z.number() })
    .nullable()
    .describe('So far, days and months of UTC; null for *, which is many keys'),
}).meta({
  id: 'GatewayLimits',
  description: 'What a key may spend and ask; null: as much as it wants',
});

export const limitsView = (record: LimitRecord, use?: Use): z.output<typeof LimitsView> => ({
  key_id: record.keyId,
  usd_per_day: record.usdPerDay,
  usd_per_month: record.usdPerMonth,
  is_hard: record.isHard,
  requests_per_minute: record.requestsPerMinute,
  tokens_per_minute: record.tokensPerMinute,
  updated_by: record.updatedBy,
  updated_at: isoTime(record.updatedAt),
  used:
    use === undefined
      ? null
      : {
          usd_today: use.usdToday,
          usd_this_month: use.usdThisMonth,
          requests_this_minute: use.requestsThisMinute,
          tokens_this_minute: use.tokensThisMinute,
        },
});

/** With what each of the keys has used. */
export async function limitsViews(store: LimitStore, records: readonly LimitRecord[]): Promise<readonly z.output<typeof LimitsView>[]> {
  const used = await store.used(records.flatMap(({ keyId }) => (keyId === '*' ? [] : [keyId])));
  return records.map((record) => limitsView(record, used.get(record.keyId)));
}

export const limitsOf = (given: GivenLimits) => ({
  usdPerDay: given.usd_per_day,
  usdPerMonth: given.usd_per_month,
  isHard: given.is_hard,
  requestsPerMinute: given.requests_per_minute,
  tokensPerMinute: given.tokens_per_minute,
});

const noLimits = (keyId: string): MusterError =>
  new MusterError('NOT_FOUND', `there are no limits for ${keyId}`, { remedy: '`muster gateway limits` shows those there are.' });

/** What keys may spend, what was saved, and what is kept. */
export function addAccountingRoutes(app: Api, { state, wake }: Pick<ModuleServices, 'state' | 'wake'>): void {
  const limits = new LimitStore(state.database);
  app.get(
    '/gateway/limits',
    {
      config: { permission: 'gateway:read' },
      schema: {
        tags: ['gateway'],
        summary: 'List the budgets and rate limits of keys, and what they have used of them',
        response: { 200: z.object({ items: z.array(LimitsView) }), ...problems() },
      },
    },
    async (request) => {
      requireAllProjects(principalOf(request));
      return { items: [...(await limitsViews(limits, await limits.list()))] };
    },
  );

  app.put(
    '/gateway/limits/:key_id',
    {
      config: { permission: 'gateway:manage' },
      schema: {
        tags: ['gateway'],
        summary: 'Set the budget and rate limits of a key; what is left out is not limited',
        params: KeyParams,
        body: GivenLimits,
        response: { 200: LimitsView, ...problems(404) },
      },
    },
    async (request) => {
      requireAllProjects(principalOf(request));
      const { subject: by } = principalOf(request);
      const record = await setLimits(request.params.key_id, limitsOf(request.body), { database: state.database, by });
      wake.hint('gateway');
      const [view = limitsView(record)] = await limitsViews(limits, [record]);
      return view;
    },
  );

  app.delete(
    '/gateway/limits/:key_id',
    {
      config: { permission: 'gateway:manage' },
      schema: { tags: ['gateway'], summary: 'Limit a key no more', params: KeyParams, response: { 204: Nothing, ...problems(404) } },
    },
    async (request, reply) => {
      requireAllProjects(principalOf(request));
      if (!(await limits.remove(request.params.key_id))) throw noLimits(request.params.key_id);
      wake.hint('gateway');
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/gateway/savings',
    {
      config: { permission: 'gateway:read' },
      schema: {
        tags: ['gateway'],
        summary: 'Say what was paid and what was saved, by how requests were answered: the sum of the rows of gateway_requests',
        querystring: z.strictObject({ from: Time.optional(), to: Time.optional(), project: text(1, 512).optional() }),
        response: { 200: SavingsView, ...problems() },
      },
    },
    async (request) => {
      const { from = Date.now() - 30 * 86_400_000, project, to = Date.now() + 1_000 } = request.query;
      const who = principalOf(request);
      const projects = project === undefined ? who.projects : mayUseProject(who, project) ? [project] : [];
      return savingsView(state.database, { from, to, projects });
    },
  );

  app.delete(
    '/gateway/answers',
    {
      config: { permission: 'gateway:manage' },
      schema: {
        tags: ['gateway'],
        summary: 'Forget kept answers: of a project, or all',
        querystring: z.strictObject({ project: text(1, 512).optional() }),
        response: { 200: z.object({ removed: z.number().int() }), ...problems() },
      },
    },
    async (request) => {
      requireAllProjects(principalOf(request));
      const removed = await new AnswerStore(state.database).purge(request.query.project);
      recentAnswersOf(state).forget();
      wake.hint('gateway');
      return { removed };
    },
  );
}
