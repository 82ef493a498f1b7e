import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MusterError } from '../../../base/errors.ts';
import { principalOf, requireAllProjects } from '../../../http/principal.ts';
import { Flag, oneOrMany, parsed, said, Uuid } from '../langsmith/reads/bodies.ts';
import { feedbackConfigView, type FeedbackConfigs } from './feedback-configs.ts';

const Key = z.string().min(1).max(200);
const Category = z.looseObject({ value: z.number() });
const Config = z.looseObject({
  type: z.enum(['continuous', 'categorical', 'freeform']),
  min: z.number().nullish(),
  max: z.number().nullish(),
  categories: z.array(Category).max(200).nullish(),
});
const New = z.object({
  feedback_key: Key,
  feedback_config: Config,
  is_lower_score_better: said(z.boolean()),
  is_enforced: said(z.boolean()),
});
const Change = z.object({
  feedback_key: Key,
  feedback_config: said(Config),
  is_lower_score_better: said(z.boolean()),
  add_categories: said(z.array(Category).max(200)),
  remove_categories: said(z.array(z.number()).max(200)),
});
const Query = z.object({
  key: said(oneOrMany(Key)),
  name_contains: said(z.string()),
  is_enforced: said(Flag),
  limit: z.coerce.number().int().min(1).max(100).default(100),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
});

const door = (verb: 'read' | 'write', summary: string) => ({
  config: { permission: `traces:${verb}` as const },
  schema: { tags: ['langsmith'], summary },
});
const forAll = (request: FastifyRequest): void => requireAllProjects(principalOf(request));

/** What the keys of feedback mean. */
export function addFeedbackConfigDoors(app: FastifyInstance, configs: FeedbackConfigs): void {
  app.get('/langsmith/feedback-configs', door('read', 'Lists what keys of feedback mean'), async (request) => {
    const { key: keys, name_contains: nameContains, is_enforced: isEnforced, limit, offset } = parsed(Query, request.query);
    return (await configs.list({ keys, nameContains, isEnforced }, { limit, offset })).map(feedbackConfigView);
  });

  app.post('/langsmith/feedback-configs', door('write', 'Says what a key of feedback means'), async (request) => {
    forAll(request);
    const { feedback_key: key, feedback_config: config, ...rest } = parsed(New, request.body);
    return feedbackConfigView(
      await configs.create(key, {
        config: JSON.stringify(sound(config)),
        isLowerBetter: rest.is_lower_score_better,
        isEnforced: rest.is_enforced,
      }),
    );
  });

  app.patch('/langsmith/feedback-configs', door('write', 'Changes what a key of feedback means'), async (request) => {
    forAll(request);
    const { feedback_key: key, feedback_config: config, ...rest } = parsed(Change, request.body);
    const change = (before: Readonly<Record<string, unknown>>): object => {
      const { categories, ...fields } = (config ?? before) as z.output<typeof Config>;
      const added = rest.add_categories ?? [];
      const dropped = new Set([...(rest.remove_categories ?? []), ...added.map(({ value }) => value)]);
      const isChanged = rest.add_categories !== undefined || rest.remove_categories !== undefined;
      const kept = (categories ?? []).filter(({ value }) => !dropped.has(value));
      return sound({ ...fields, categories: isChanged ? [...kept, ...added] : categories });
    };
    return feedbackConfigView(await configs.change(key, change, rest.is_lower_score_better));
  });

  app.delete('/langsmith/feedback-configs', door('write', 'Forgets what a key of feedback means'), async (request) => {
    forAll(request);
    await configs.remove(
      parsed(
        z.object({ feedback_key: said(Key), id: said(Uuid) }).transform(({ feedback_key: key, id }) => ({ key, id })),
        request.query,
      ),
    );
    return { message: 'deleted' };
  });
}

/** Throws INVALID_INPUT for bounds that hold nothing, and for categories without one. */
function sound(config: z.output<typeof Config>): z.output<typeof Config> {
  const { type, min, max, categories } = config;
  if (typeof min === 'number' && typeof max === 'number' && min > max)
    throw new MusterError('INVALID_INPUT', '/feedback_config/min: is above max');
  if (type === 'categorical' && (categories ?? []).length === 0)
    throw new MusterError('INVALID_INPUT', '/feedback_config/categories: a categorical key has at least one');
  return config;
}
