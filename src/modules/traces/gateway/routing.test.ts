import { expect, it } from 'vitest';
import { modelsOf, targetsOf, type Routable } from './routing.ts';

const route = (model: string, more: { as?: string; fallbacks?: string[] } = {}) => ({
  model,
  as: more.as ?? null,
  fallbacks: more.fallbacks ?? [],
});
const provider = (name: string, routes: Routable['routes'] = [], more: Partial<Routable> = {}): Routable => ({
  name,
  routes,
  priority: 100,
  enabled: true,
  ...more,
});
const names = (model: string, providers: readonly Routable[]): readonly string[] =>
  targetsOf(model, providers).map((target) => `${target.provider.name}:${target.model}`);

it('sends every model to the only provider there is, under its own name', () => {
  expect(names('anything', [provider('openai')])).toEqual(['openai:anything']);
  expect(names('openai/anything', [provider('openai')])).toEqual(['openai:anything']);
});

it('prefers a route that names the model to one with a star, and the longer star to the shorter', () => {
  const providers = [
    provider('all', [], { priority: 1 }),
    provider('gpt', [route('gpt-*')]),
    provider('four', [route('gpt-4*'), route('special', { as: 'gpt-4o-mini' })]),
  ];
  expect(names('gpt-4o', providers)[0]).toBe('four:gpt-4o');
  expect(names('gpt-3.5', providers)[0]).toBe('gpt:gpt-3.5');
  expect(names('llama', providers)[0]).toBe('all:llama');
  expect(names('special', providers)).toEqual(['four:gpt-4o-mini']);
  expect(names('gpt/gpt-4o', providers)[0]).toBe('gpt:gpt-4o');
});

it('falls back first to what the route says, then to others that name the same model, and to nobody by a star', () => {
  const providers = [
    provider('openai', [route('gpt-4o', { fallbacks: ['gpt-4o-mini', 'claude/sonnet'] }), route('gpt-4o-mini')]),
    provider('azure', [route('gpt-4o', { as: 'prod-4o' })], { priority: 200 }),
    provider('claude', [route('sonnet')]),
    provider('ollama'),
  ];
  expect(names('gpt-4o', providers)).toEqual(['openai:gpt-4o', 'openai:gpt-4o-mini', 'claude:sonnet', 'azure:prod-4o']);
});

it('leaves out what is switched off, and says that nobody serves a model', () => {
  expect(names('gpt-4o', [provider('off', [], { enabled: false })])).toEqual([]);
  expect(names('gpt-4o', [provider('other', [route('llama*')])])).toEqual([]);
  expect(modelsOf([provider('a', [route('x'), route('y*')]), provider('b', [route('x'), route('z')])])).toEqual([
    { id: 'x', provider: 'a' },
    { id: 'z', provider: 'b' },
  ]);
});
