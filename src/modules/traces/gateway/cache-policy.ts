import { durationMs } from '../../../base/duration.ts';
import { MusterError } from '../../../base/errors.ts';
import type { Asked } from './asked.ts';
import type { CacheSettings } from './provider.ts';

/** What may be done with a request and its answer. */
export interface CacheDecision {
  /** Answer from what is kept, and join one that is under way. */
  readonly reads: boolean;
  readonly writes: boolean;
  readonly ttlMs: number;
  /** Who says for how long an answer may be kept takes none that is older. Undefined: any that is kept. */
  readonly mostAgeMs: number | undefined;
  readonly scope: 'project' | 'key';
  /** Also answer from what was asked nearly so: from this cosine on. Undefined: only from what was asked just so. */
  readonly similar: number | undefined;
}

const NEVER: CacheDecision = { reads: false, writes: false, ttlMs: 0, mostAgeMs: undefined, scope: 'project', similar: undefined };
const MOST_TTL_MS = 30 * 86_400_000;

/**
 * A client that says nothing gets what the provider's settings say: by default only what would be the same again anyway. `ttl=1h` opts in
 * for any request, `no-store` opts out, `refresh` asks the provider and keeps what it says. Throws INVALID_INPUT for other words.
 */
export function cacheDecision(asked: Asked, header: string | undefined, settings: CacheSettings): CacheDecision {
  // What happens elsewhere, or is told in another way, is no answer to keep.
  if (asked.body['background'] === true || asked.body['store'] === true) return NEVER;
  const said = directivesOf(header);
  if (said.noStore) return NEVER;
  const ttlMs = said.ttlMs ?? durationMs(settings.ttl);
  const allowed =
    said.ttlMs !== undefined || said.isSemantic || settings.mode === 'all' || (settings.mode === 'deterministic' && isDeterministic(asked));
  if (!allowed || ttlMs === 0) return NEVER;
  if (said.isSemantic && settings.similar_model === null)
    throw new MusterError('INVALID_INPUT', 'the provider of this model has no embedding model to tell which questions mean the same', {
      remedy: 'Name one in settings.cache.similar_model of the provider, or leave semantic out of x-muster-cache.',
      data: { param: 'x-muster-cache' },
    });
  const similar = said.isSemantic ? (said.similar ?? settings.similar_from) : undefined;
  return { reads: !said.refresh, writes: true, ttlMs, mostAgeMs: said.ttlMs, scope: settings.scope, similar };
}

/** The same question has the same answer: embeddings, and what is asked at temperature 0 for one choice. */
export function isDeterministic({ body, face }: Asked): boolean {
  if (face === 'embeddings') return true;
  const { n, temperature } = body;
  return temperature === 0 && (n === undefined || n === null || n === 1);
}

interface Directives {
  readonly ttlMs: number | undefined;
  readonly noStore: boolean;
  readonly refresh: boolean;
  readonly isSemantic: boolean;
  readonly similar: number | undefined;
}

function directivesOf(header: string | undefined): Directives {
  let ttlMs: number | undefined;
  let noStore = false;
  let refresh = false;
  let isSemantic = false;
  let similar: number | undefined;
  for (const word of (header ?? '').split(',').map((each) => each.trim().toLowerCase())) {
    if (word === '') continue;
    if (word === 'no-store' || word === 'off') noStore = true;
    else if (word === 'refresh') refresh = true;
    else if (word === 'semantic') isSemantic = true;
    else if (/^semantic=(0\.\d{1,6}|1)$/.test(word)) {
      isSemantic = true;
      similar = Number(word.slice(9));
    } else if (word.startsWith('ttl=')) ttlMs = ttlOf(word.slice(4));
    else throw wrong(word);
  }
  return { ttlMs, noStore, refresh, isSemantic, similar };
}

function ttlOf(text: string): number {
  let ms: number;
  try {
    ms = durationMs(/^\d+$/.test(text) ? `${text}s` : text);
  } catch (cause) {
    throw wrong(`ttl=${text}`, cause);
  }
  return Math.min(ms, MOST_TTL_MS);
}

const wrong = (word: string, cause?: unknown): MusterError =>
  new MusterError('INVALID_INPUT', `x-muster-cache says ${JSON.stringify(word.slice(0, 100))}, which means nothing`, {
    remedy: 'Send ttl=1h (or seconds), no-store, refresh, semantic or semantic=0.97, or some of them with commas between.',
    data: { param: 'x-muster-cache' },
    cause,
  });
