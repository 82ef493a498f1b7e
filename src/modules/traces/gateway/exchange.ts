import type { FastifyRequest } from 'fastify';
import { MusterError } from '../../../base/errors.ts';
import { mayUseProject, type Principal } from '../../../http/principal.ts';
import type { Asked } from './asked.ts';
import { cacheDecision, type CacheDecision } from './cache-policy.ts';
import type { Answered } from './call.ts';
import type { Context } from './context.ts';
import type { OpenProvider } from './directory.ts';
import { fingerprintOf, type FingerprintOptions } from './fingerprint.ts';
import type { Outcome } from './reckoning.ts';
import type { Target } from './routing.ts';

/** What clients say that providers may know of. Never a credential: theirs is for the gateway. */
const SENT_ON = ['openai-beta', 'anthropic-beta', 'anthropic-version', 'http-referer', 'x-title', 'user-agent'];

/** A request that was let in. */
export interface Began {
  readonly asked: Asked;
  readonly context: Context;
  readonly principal: Principal;
  readonly runId: string;
  readonly beganAt: number;
  readonly began: number;
}

/** What may be kept of its answer, and under which name. */
export interface Caching extends CacheDecision {
  readonly key: Buffer;
}

/** How a request was answered. */
export interface Given {
  readonly answer: Answered;
  readonly outcome: Outcome;
  readonly caching: Caching | undefined;
  readonly ageMs: number | undefined;
  readonly meaning?: Meaning | undefined;
  /** To be called once the answer is kept, or is not to be. */
  readonly land?: (() => void) | undefined;
}

/** What the question of a request means. */
export interface Meaning {
  readonly bucket: Buffer;
  readonly vector: Float32Array;
  /** What it cost to know, USD. */
  readonly paid: string | undefined;
}

/** The name its answer would be kept under. The provider asked first is part of it, not the one that answered in its place. */
export function cachingOf(began: Began, target: Target<OpenProvider>, request: FastifyRequest): Caching | undefined {
  const header = request.headers['x-muster-cache'];
  const decision = cacheDecision(began.asked, Array.isArray(header) ? header.join(',') : header, target.provider.settings.cache);
  if (!decision.writes) return undefined;
  const key = fingerprintOf(began.asked, naming(began, target, decision.scope));
  return key === undefined ? undefined : { ...decision, key };
}

/** What belongs to the name of a request besides itself. */
export const naming = (
  { context, principal }: Began,
  { model, provider }: Target<OpenProvider>,
  scope: CacheDecision['scope'],
): FingerprintOptions => ({
  scope: scope === 'key' ? `${context.project} ${principal.subject}` : context.project,
  target: { provider: provider.name, model },
});

export function one(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

export const sentOn = (request: FastifyRequest): Readonly<Record<string, string>> =>
  Object.fromEntries(
    SENT_ON.flatMap((name) => {
      const value = request.headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );

export function headersOf({ runId }: Began, { ageMs, answer, caching, outcome }: Given): Readonly<Record<string, string>> {
  return {
    'x-muster-run-id': runId,
    'x-muster-provider': answer.provider,
    'x-muster-model': encodeURI(answer.model),
    'x-muster-attempts': String(answer.attempts),
    'x-muster-cache': outcome === 'provider' ? (caching === undefined ? 'off' : 'miss') : outcome,
    ...(ageMs === undefined ? {} : { age: String(Math.floor(ageMs / 1_000)) }),
  };
}

/** Kept answers are shared within a project: who may not write there may not be answered from there either. */
export function refuseForeign({ context, principal }: Began): void {
  if (mayUseProject(principal, context.project)) return;
  throw new MusterError('FORBIDDEN', `this key may not write to the project ${context.project}`, {
    remedy: `Send x-muster-project with one of its projects: ${principal.projects?.join(', ') ?? ''}.`,
    data: { param: 'x-muster-project' },
  });
}

export const noModel = (model: string): MusterError =>
  new MusterError('NOT_FOUND', `no provider serves the model ${model}`, {
    remedy: '`muster gateway list` shows the providers and the models they serve; `muster gateway add` adds one.',
    data: { param: 'model', code: 'model_not_found' },
  });
