import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isMusterError } from '../../../base/errors.ts';
import { sql } from '../../../db/sql.ts';
import { isoTime } from '../../../http/time.ts';
import type { ModuleServices } from '../../module.ts';
import { openInvitation, type Invitation } from '../delivery/links.ts';
import type { Alert } from './alert.ts';
import { acknowledge, getAlert } from './alert-store.ts';

const MOST_BODY_BYTES = 10_000;
const LONGEST_NAME = 100;

/**
 * `/acknowledge/{token}`: the link in a message by which whoever got it takes the alert on. Looking at it changes nothing, because mail programs
 * look at links before people do; the button does. It works once: an acknowledgement uses up every link that was sent before it.
 */
export function addAcknowledgeDoor(app: FastifyInstance, { state, wake }: Pick<ModuleServices, 'state' | 'wake'>): void {
  const { database: db, secrets } = state;
  app.removeAllContentTypeParsers();
  // A form, or whatever a program posts that presses the button for somebody.
  app.addContentTypeParser('*', { parseAs: 'string', bodyLimit: MOST_BODY_BYTES }, async (_: FastifyRequest, body: string) => body);

  const standing = async (token: string): Promise<Standing> => {
    const invitation = await openInvitation(secrets, token, Date.now());
    const alert = invitation === undefined ? undefined : await getAlert(db, invitation.alertId);
    if (invitation === undefined || alert === undefined) return { kind: 'unknown' };
    if (alert.state !== 'firing') return { kind: 'over', alert };
    if (alert.acknowledgedBy !== null) return { kind: 'taken', alert, by: alert.acknowledgedBy };
    const used = await db.one(sql`
      select from muster.alert_transitions where alert_id = ${alert.alertId}::uuid and kind = 'acknowledged' and seq > ${invitation.seq} limit 1`);
    return used === undefined ? { kind: 'open', alert, invitation } : { kind: 'used', alert };
  };
  const send = (reply: FastifyReply, found: Standing): FastifyReply =>
    reply
      .code(found.kind === 'unknown' ? 404 : found.kind === 'used' ? 410 : 200)
      .header('cache-control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(page(found));
  const door = (summary: string) => ({ config: { permission: 'public' as const }, schema: { tags: ['alerts'], summary, security: [] } });

  app.get('/acknowledge/style.css', door('How the page of a link in a message looks'), async (_request, reply) =>
    reply.header('cache-control', 'public, max-age=3600').type('text/css; charset=utf-8').send(STYLE),
  );
  app.get(
    '/acknowledge/:token',
    door('The page of a link in a message: its alert, and a button that takes it on'),
    async (request, reply) => send(reply, await standing(tokenOf(request))),
  );
  app.post('/acknowledge/:token', door('Take an alert on by the link in a message, once'), async (request, reply) => {
    const found = await standing(tokenOf(request));
    if (found.kind !== 'open') return send(reply, found);
    const { alert, invitation } = found;
    const by = nameIn(request.body) ?? `link:${invitation.channel}`;
    try {
      await acknowledge(db, alert.alertId, { by, forMs: null, note: `by the link sent to ${invitation.channel}` });
    } catch (error) {
      // It was over before the button was pressed.
      if (!isMusterError(error, 'CONFLICT')) throw error;
      return send(reply, { kind: 'over', alert });
    }
    wake.hint('alerts');
    wake.hint('events');
    return send(reply, { kind: 'taken', alert, by });
  });
}

type Standing =
  /** Nobody has it. */
  | { readonly kind: 'open'; readonly alert: Alert; readonly invitation: Invitation }
  | { readonly kind: 'taken'; readonly alert: Alert; readonly by: string }
  /** It was taken on once and given back since. */
  | { readonly kind: 'used'; readonly alert: Alert }
  | { readonly kind: 'over'; readonly alert: Alert }
  /** Not made by us, too old, or its alert is forgotten. */
  | { readonly kind: 'unknown' };

const tokenOf = ({ params }: FastifyRequest): string => (params as { readonly token: string }).token;

function nameIn(body: unknown): string | undefined {
  const name = typeof body === 'string' ? new URLSearchParams(body).get('by') : null;
  const clean =
    name
      ?.replace(/[^\P{C}]/gu, '')
      .trim()
      .slice(0, LONGEST_NAME) ?? '';
  return clean === '' ? undefined : clean;
}

function page(found: Standing): string {
  const about =
    found.kind === 'unknown'
      ? ''
      : `<p class="${found.alert.level}">${escape(found.alert.level)}, since ${isoTime(found.alert.startedAt)}</p>`;
  const title = found.kind === 'unknown' ? 'This link leads nowhere' : found.alert.summary;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${escape(title)}</title>
<link rel="stylesheet" href="/acknowledge/style.css">
</head>
<body>
<main>
<h1>${escape(title)}</h1>
${about}
${says(found)}
</main>
</body>
</html>
`;
}

function says(found: Standing): string {
  switch (found.kind) {
    case 'open':
      return `<form method="post"><label for="by">Your name</label> <input id="by" name="by" maxlength="${LONGEST_NAME}" autocomplete="name"><button>Acknowledge</button></form>
<p>It is told no more until it is over or gets another level.</p>`;
    case 'taken':
      return `<p role="status">${escape(found.by)} has it.</p>`;
    case 'used':
      return '<p role="status">This link was used before. A newer message about the alert has another.</p>';
    case 'over':
      return '<p role="status">It is over: there is nothing to take on.</p>';
    case 'unknown':
      return '<p role="status">It is incomplete, or older than seven days, or its alert is gone.</p>';
  }
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text: string): string => text.replace(/[&<>"']/g, (found) => ENTITIES[found] ?? found);

const STYLE = `body{margin:0;font:16px/1.5 system-ui,sans-serif;background:Canvas;color:CanvasText}
main{max-width:40rem;margin:0 auto;padding:2rem 1rem}h1{font-size:1.25rem}
form{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center}input,button{font:inherit;padding:.5rem .75rem}
`;
