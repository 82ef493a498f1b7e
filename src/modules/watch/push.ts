import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { MusterError } from '../../base/errors.ts';
import type { ModuleServices } from '../module.ts';
import { changeEvent } from './agent.ts';
import type { Signal } from './monitor.ts';
import { Monitors } from './monitors.ts';

/** What a job sends with its call is kept up to here; more is read and let go. */
const MOST_BODY = 10_000;
const MOST_BODY_BYTES = 1_048_576;
/** Calls of one monitor: so many at once, then one a second. */
const BURST = 60;
const MOST_BUCKETS = 10_000;

/**
 * `/push/{token}`, for jobs that must call: without a key, since the token is one, and as lenient as can be: any method that curl
 * uses, any body.
 */
export function addPushRoutes(app: FastifyInstance, { state, wake }: Pick<ModuleServices, 'state' | 'wake'>): void {
  const monitors = new Monitors(state.database);
  const allowed = new Allowance();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MOST_BODY_BYTES }, async (_request: FastifyRequest, body: Buffer) =>
    body.toString('utf8').replaceAll('\u0000', '').slice(0, MOST_BODY),
  );

  const take = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { token, signal: said } = request.params as { token: string; signal?: string };
    const call = signalOf(said);
    if (call === undefined)
      throw new MusterError('NOT_FOUND', 'there is no such call', {
        remedy: 'Call /push/{token}, or with /start, /success, /fail, /log or an exit status behind it.',
      });
    if (!/^[A-Za-z0-9_-]{22,64}$/.test(token)) throw unknownToken();
    if (!allowed.takes(token)) throw new MusterError('RATE_LIMITED', 'too many calls of this monitor', { data: { retryAfterSeconds: 1 } });
    const body = typeof request.body === 'string' ? request.body : '';
    const taken = await monitors.ping(token, { ...call, body });
    if (taken === undefined) throw unknownToken();
    const { change } = taken;
    if (change !== undefined && (change.monitor.state === 'down' || change.from === 'down'))
      await state.events.append([{ type: change.monitor.state === 'down' ? 'monitor:down' : 'monitor:up', data: changeEvent(change) }]);
    wake.hint('monitors');
    return reply.header('cache-control', 'no-store').type('text/plain; charset=utf-8').send('OK');
  };
  for (const url of ['/push/:token', '/push/:token/:signal'])
    for (const method of ['GET', 'POST'] as const)
      app.route({
        method,
        url,
        config: { permission: 'public' },
        schema: { tags: ['monitors'], summary: 'The call of a job that must call: its token is its key', security: [] },
        handler: take,
      });
}

const unknownToken = (): MusterError =>
  new MusterError('NOT_FOUND', 'no monitor has this address', { remedy: '`muster monitors show <name>` prints it.' });

/** `/start`, `/fail`, `/log`, nothing or `/success`, or the exit status of the job: 0 is success. */
function signalOf(said: string | undefined): { readonly signal: Signal; readonly exitStatus: number | null } | undefined {
  if (said === undefined || said === 'success') return { signal: 'success', exitStatus: null };
  if (said === 'start' || said === 'fail' || said === 'log') return { signal: said, exitStatus: null };
  if (!/^\d{1,3}$/.test(said) || Number(said) > 255) return undefined;
  return { signal: Number(said) === 0 ? 'success' : 'fail', exitStatus: Number(said) };
}

/** Who calls too often waits: a loop in a script must not become one in the database. */
class Allowance {
  readonly #buckets = new Map<string, { left: number; at: number }>();

  takes(token: string): boolean {
    const now = performance.now();
    const bucket = this.#buckets.get(token) ?? { left: BURST, at: now };
    const left = Math.min(BURST, bucket.left + (now - bucket.at) / 1_000);
    // Names nobody has must not fill the memory.
    if (this.#buckets.size >= MOST_BUCKETS) this.#buckets.clear();
    this.#buckets.set(token, { left: left < 1 ? left : left - 1, at: now });
    return left >= 1;
  }
}
