import type { Route } from './provider.ts';

/** What routing needs to know of a provider. */
export interface Routable {
  readonly name: string;
  readonly routes: readonly Route[];
  readonly priority: number;
  readonly enabled: boolean;
}

/** One place a request may go to. */
export interface Target<P extends Routable = Routable> {
  readonly provider: P;
  /** As the provider calls it. */
  readonly model: string;
}

/** More are not tried: who waits for the fifth has given up. */
const MOST_TARGETS = 5;
const EVERYTHING: readonly Route[] = [{ model: '*', as: null, fallbacks: [] }];

/**
 * Where a request for a model goes, and where next should that fail. A route that names the model wins over `provider/model`, that over a
 * route with a `*`, the longer over the shorter, and then the lower priority. Fallbacks are the route's own, then other providers that name
 * the same model. Empty: nobody serves it.
 */
export function targetsOf<P extends Routable>(model: string, providers: readonly P[]): readonly Target<P>[] {
  const found: Target<P>[] = [];
  const add = (target: Target<P>): void => {
    const isKnown = found.some((each) => each.provider.name === target.provider.name && each.model === target.model);
    if (!isKnown && found.length < MOST_TARGETS) found.push(target);
  };
  const [best, ...others] = matchesOf(model, providers);
  if (best === undefined) return [];
  add(best.target);
  for (const fallback of best.route.fallbacks) {
    const [first] = matchesOf(fallback, providers);
    if (first !== undefined) add(first.target);
  }
  for (const other of others) if (other.rank === EXACT) add(other.target);
  return found;
}

/** The names of models that clients may ask for, as far as routes name them. */
export function modelsOf(providers: readonly Routable[]): readonly { readonly id: string; readonly provider: string }[] {
  const named = new Map<string, string>();
  for (const { enabled, name, routes } of inOrder(providers)) {
    if (!enabled) continue;
    for (const { model } of routes) if (!model.endsWith('*') && !named.has(model)) named.set(model, name);
  }
  return [...named].map(([id, provider]) => ({ id, provider }));
}

const EXACT = 1_000_000;
const BY_PROVIDER = 100_000;

interface Match<P extends Routable> {
  readonly target: Target<P>;
  readonly route: Route;
  readonly rank: number;
}

function matchesOf<P extends Routable>(model: string, providers: readonly P[]): readonly Match<P>[] {
  const matches: Match<P>[] = [];
  for (const provider of inOrder(providers)) {
    if (!provider.enabled) continue;
    const routes = provider.routes.length === 0 ? EVERYTHING : provider.routes;
    const own = model.startsWith(`${provider.name}/`) ? model.slice(provider.name.length + 1) : undefined;
    const direct = best(provider, routes, model);
    if (direct !== undefined) matches.push(direct);
    const addressed = own === undefined || own === '' ? undefined : best(provider, routes, own);
    if (addressed !== undefined) matches.push({ ...addressed, rank: BY_PROVIDER });
  }
  // A stable sort: of equals the one of lower priority stays in front.
  return matches.toSorted((a, b) => b.rank - a.rank);
}

function best<P extends Routable>(provider: P, routes: readonly Route[], model: string): Match<P> | undefined {
  let found: Match<P> | undefined;
  for (const route of routes) {
    const rank = rankOf(route.model, model);
    if (rank !== undefined && (found === undefined || rank > found.rank))
      found = { target: { provider, model: route.as ?? model }, route, rank };
  }
  return found;
}

function rankOf(pattern: string, model: string): number | undefined {
  if (pattern === model) return EXACT;
  return pattern.endsWith('*') && model.startsWith(pattern.slice(0, -1)) ? pattern.length : undefined;
}

const inOrder = <P extends Routable>(providers: readonly P[]): readonly P[] =>
  providers.toSorted((a, b) => a.priority - b.priority || (a.name < b.name ? -1 : 1));
