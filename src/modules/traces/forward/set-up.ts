import { z } from 'zod';
import { durationMs } from '../../../base/duration.ts';
import { isMusterError, MusterError } from '../../../base/errors.ts';
import type { Wake } from '../../../base/wake.ts';
import { text } from '../../../http/schemas.ts';
import type { SharedState } from '../../../state/shared-state.ts';
import { Projects } from '../projects/projects.ts';
import { FORWARDS_TOPIC } from './forward-service.ts';
import { backlogOf, ForwardStore } from './forward-store.ts';
import { sealedAs, type Forward, type ForwardOptions } from './forward.ts';
import { forwardView, type ForwardView } from './views.ts';

export const ForwardName = text(1, 100)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'letters, digits, _ . - only')
  .describe('Letters, digits, _ . -');
const Headers = z
  .record(
    text(1, 200).regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is not the name of a header'),
    text(0, 4_000).regex(/^[^\r\n]*$/, 'is more than one line'),
  )
  .describe('Sent with each request, kept sealed');
const Patience = text(1, 20)
  .meta({ examples: ['1h', '30s'] })
  .describe('A run that has not ended by then is sent as it is. Default 1h');
const Url = text(1, 2_000).describe(
  'LangSmith: what LANGSMITH_ENDPOINT would be. OpenTelemetry: what OTEL_EXPORTER_OTLP_ENDPOINT would be',
);

export const ForwardChanges = z.strictObject({
  endpoint: Url.optional(),
  api_key: text(1, 4_000)
    .regex(/^[^\r\n]*$/, 'is more than one line')
    .optional()
    .describe('Sent as x-api-key, kept sealed'),
  headers: Headers.optional(),
  target_project: text(1, 512).nullable().optional().describe('What the project is called there. Default: as here'),
  encoding: z.enum(['protobuf', 'json']).optional().describe('Of spans. Default protobuf'),
  workspace_id: text(1, 100).optional().describe('Sent to LangSmith as x-tenant-id'),
  patience: Patience.optional(),
});
export type ForwardChanges = z.output<typeof ForwardChanges>;

export const GivenForward = ForwardChanges.extend({
  name: ForwardName,
  kind: z.enum(['langsmith', 'otlp']),
  endpoint: Url,
  project: text(1, 512).optional().describe('By name or id. Default: all'),
  from: z.enum(['now', 'beginning']).optional().describe('beginning: with all runs that are kept, the newest million at most. Default now'),
});
export type GivenForward = z.output<typeof GivenForward>;

/** Where runs are passed on to, as somebody sets it up: by REST or in a terminal. */
export class Forwards {
  readonly #state: SharedState;
  readonly #wake: Pick<Wake, 'hint'>;
  readonly #store: ForwardStore;

  constructor(state: SharedState, wake: Pick<Wake, 'hint'>) {
    this.#state = state;
    this.#wake = wake;
    this.#store = new ForwardStore(state.database);
  }

  async list(): Promise<readonly ForwardView[]> {
    return Promise.all((await this.#store.list()).map((forward) => this.#view(forward)));
  }

  /** Throws NOT_FOUND. */
  async show(name: string): Promise<ForwardView> {
    const forward = await this.#store.get(name);
    if (forward === undefined) throw noForward(name);
    return this.#view(forward);
  }

  /** `own`: the hosts under which this Muster is known. Throws NOT_FOUND, CONFLICT, INVALID_INPUT. */
  async add(given: GivenForward, by: string, own: readonly string[]): Promise<ForwardView> {
    const { name, kind, endpoint, project, target_project: targetProject = null, from = 'now', ...more } = given;
    refuseBadAddress(endpoint, own);
    const source = project === undefined ? undefined : await this.#project(project);
    if (project !== undefined && source === undefined)
      throw new MusterError('NOT_FOUND', `there is no project ${project}`, { remedy: 'Name one that has runs, or none to forward all.' });
    await this.#store.add(
      {
        name,
        kind,
        endpoint,
        secrets: await this.#sealed(name, more),
        projectNo: source?.projectNo ?? null,
        targetProject,
        options: optionsOf(more),
        from,
      },
      by,
    );
    return this.#told(name);
  }

  /** Its place stays, and what failed is tried at once. Throws NOT_FOUND, INVALID_INPUT. */
  async change(name: string, changes: ForwardChanges, own: readonly string[]): Promise<ForwardView> {
    const { endpoint, target_project: targetProject, ...more } = changes;
    if (endpoint !== undefined) refuseBadAddress(endpoint, own);
    // A key belongs to its address: whoever points a forward elsewhere must know it.
    if (endpoint !== undefined && more.api_key === undefined && more.headers === undefined) {
      const there = await this.#store.get(name);
      if (there !== undefined && there.secrets !== null && new URL(there.endpoint).origin !== new URL(endpoint).origin)
        throw new MusterError('INVALID_INPUT', 'another address needs its key said again', {
          remedy: 'Send api_key or headers with endpoint.',
        });
    }
    const changed = await this.#store.change(name, {
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(targetProject === undefined ? {} : { targetProject }),
      secrets: await this.#sealed(name, more),
      options: optionsOf(more),
    });
    if (!changed) throw noForward(name);
    return this.#told(name);
  }

  /** Throws NOT_FOUND. */
  async enable(name: string, enabled: boolean): Promise<ForwardView> {
    if (!(await this.#store.change(name, { enabled }))) throw noForward(name);
    return this.#told(name);
  }

  /** Throws NOT_FOUND. */
  async remove(name: string): Promise<void> {
    if (!(await this.#store.remove(name))) throw noForward(name);
  }

  #told(name: string): Promise<ForwardView> {
    this.#wake.hint(FORWARDS_TOPIC);
    return this.show(name);
  }

  async #view(forward: Forward): Promise<ForwardView> {
    return forwardView(forward, await backlogOf(this.#state.database, forward.name));
  }

  async #project(nameOrId: string): Promise<{ readonly projectNo: number } | undefined> {
    const projects = new Projects(this.#state.database);
    const named = await projects.byName(nameOrId);
    return named ?? (z.guid().safeParse(nameOrId).success ? projects.byId(nameOrId.toLowerCase()) : undefined);
  }

  async #sealed(name: string, { api_key: apiKey, headers }: ForwardChanges): Promise<string | null> {
    return apiKey === undefined && headers === undefined
      ? null
      : this.#state.secrets.seal(JSON.stringify({ apiKey, headers }), sealedAs(name));
  }
}

const noForward = (name: string): MusterError =>
  new MusterError('NOT_FOUND', `there is no forward ${name}`, {
    remedy: '`muster forwards` and GET /api/v1/traces/forwards list those there are.',
  });

function optionsOf({ encoding, workspace_id: workspaceId, patience }: ForwardChanges): ForwardOptions {
  return { encoding, workspaceId, patienceMs: patience === undefined ? undefined : patienceOf(patience) };
}

function patienceOf(said: string): number {
  try {
    const ms = durationMs(said);
    if (ms <= 7 * 86_400_000) return ms;
  } catch (error) {
    if (!isMusterError(error)) throw error;
  }
  throw new MusterError('INVALID_INPUT', `patience ${said} is not a time of at most a week`, { remedy: 'Write it as 1h, 30m or 10s.' });
}

/** What is no address of the web, and Muster's own: it would pass to itself what it passed to itself, for ever. */
function refuseBadAddress(endpoint: string, own: readonly string[]): void {
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol))
    throw new MusterError('INVALID_INPUT', 'endpoint is no address of the web', { remedy: 'Write it as https://host/path.' });
  const url = new URL(endpoint);
  if (url.username !== '' || url.password !== '')
    throw new MusterError('INVALID_INPUT', 'a user and password do not belong in an address', { remedy: 'Send a key, or headers.' });
  if (own.some((host) => url.host === new URL(`${url.protocol}//${host}`).host))
    throw new MusterError('INVALID_INPUT', 'endpoint is this Muster itself', { remedy: 'Name another server.' });
}
