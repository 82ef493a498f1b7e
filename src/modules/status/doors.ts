import type { FastifyInstance, FastifyReply } from 'fastify';
import { MusterError, messageOf } from '../../base/errors.ts';
import { isoTime, isoTimeOrNull } from '../../http/time.ts';
import type { ModuleServices } from '../module.ts';
import { availabilityOf, unknownOf } from './availability.ts';
import { renderBadge } from './badge.ts';
import { renderFeed } from './feed.ts';
import { KeptSnapshot, type Kept } from './kept-snapshot.ts';
import { renderPage } from './page.ts';
import { readSnapshot } from './snapshot.ts';
import { STYLE } from './style.ts';
import { overallOf, WORDS } from './words.ts';

/** A door of everybody: what it shows. */
const door = (summary: string) => ({ config: { permission: 'public' as const }, schema: { tags: ['status page'], summary, security: [] } });

/** `/status` and what belongs to it, for everybody, from what was read last. */
export function addStatusDoors(app: FastifyInstance, { state, log, dataDir }: Pick<ModuleServices, 'state' | 'log' | 'dataDir'>): void {
  const kept = new KeptSnapshot({
    read: () => readSnapshot(state),
    folder: dataDir,
    failed: (error, what) => log.debug({ error: messageOf(error) }, what),
  });
  app.addHook('onReady', async () => kept.start());
  app.addHook('onClose', () => kept.stop());

  const shown = async (): Promise<Kept> => {
    const found = await kept.get();
    if (found === undefined)
      throw new MusterError('DATABASE_UNREACHABLE', 'the status page has no state to show yet', { remedy: 'Try again in a moment.' });
    if (!found.snapshot.enabled) throw new MusterError('NOT_FOUND', 'there is no status page here');
    return found;
  };
  const send = (reply: FastifyReply, type: string, body: string, seconds = 10): FastifyReply =>
    reply.header('cache-control', `public, max-age=${seconds}`).type(`${type}; charset=utf-8`).send(body);

  app.get('/status', door('The status page'), async (_request, reply) => send(reply, 'text/html', renderPage(await shown())));
  app.get('/status/style.css', door('How the status page looks'), async (_request, reply) => send(reply, 'text/css', STYLE, 3_600));
  app.get('/status/status.json', door('What the status page says, for programs'), async (_request, reply) =>
    send(reply, 'application/json', JSON.stringify(documentOf(await shown()))),
  );
  app.get('/status/feed.atom', door('Incidents and maintenance as an Atom feed'), async (request, reply) =>
    send(reply, 'application/atom+xml', renderFeed((await shown()).snapshot, `${request.protocol}://${request.host}`)),
  );
  app.get('/status/badge.svg', door('The state of all, or of one component, as a badge'), async (request, reply) => {
    const { snapshot, isCurrent } = await shown();
    const { component: key } = request.query as { component?: unknown };
    const component = snapshot.components.find((each) => each.key === key);
    if (key !== undefined && component === undefined) throw new MusterError('NOT_FOUND', 'there is no such component on the status page');
    const standing = component === undefined ? overallOf(snapshot) : component.state;
    const now = isCurrent ? standing : 'unknown';
    // It is made to stand on other people's pages.
    void reply.header('cross-origin-resource-policy', 'cross-origin');
    return send(reply, 'image/svg+xml', renderBadge(component?.name ?? snapshot.title, now, WORDS[now].word));
  });
}

/** What the page says, for programs. */
function documentOf({ snapshot, isCurrent }: Kept): object {
  const share = (ratio: number | null): number | null => (ratio === null ? null : Math.floor(ratio * 1e6) / 1e6);
  return {
    title: snapshot.title,
    as_of: isoTime(snapshot.asOf),
    /** false: the source cannot be reached; nothing is known since as_of. */
    current: isCurrent,
    state: isCurrent ? overallOf(snapshot) : 'unknown',
    components: snapshot.components.map(({ key, name, state, since, days }) => {
      const seen = availabilityOf(days, { withMaintenance: true });
      return {
        key,
        name,
        state: isCurrent ? state : 'unknown',
        last_known_state: state,
        since: isoTimeOrNull(since),
        availability: {
          ratio: share(seen.ratio),
          ratio_without_maintenance: share(availabilityOf(days, { withMaintenance: false }).ratio),
          between: seen.between?.map(share) ?? null,
          down_ms: seen.downMs,
          unknown_ms: Math.round(seen.unknownMs),
          window_ms: Math.round(seen.windowMs),
        },
        days: days.map((day) => ({
          day: day.day,
          up_ms: day.up,
          degraded_ms: day.degraded,
          down_ms: day.down,
          unknown_ms: Math.round(unknownOf(day)),
        })),
      };
    }),
    incidents: snapshot.incidents.map(({ id, about, level, startedAt, resolvedAt }) => ({
      id,
      about,
      level,
      started_at: isoTime(startedAt),
      resolved_at: isoTimeOrNull(resolvedAt),
    })),
    maintenance: snapshot.maintenance.map(({ components, from, to }) => ({ components, from: isoTime(from), to: isoTime(to) })),
  };
}
