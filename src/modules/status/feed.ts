import { createHash } from 'node:crypto';
import { incidentTimes, incidentTitle } from './page.ts';
import type { Snapshot } from './snapshot.ts';
import { escapeXml, timeText } from './words.ts';

/** Incidents and maintenance as an Atom feed. `base` is where this server is reached. */
export function renderFeed(snapshot: Snapshot, base: string): string {
  const entries = [
    ...snapshot.incidents.map((incident) => ({
      id: `urn:uuid:${incident.id}`,
      title: incidentTitle(incident) + (incident.resolvedAt === null ? '' : ' (over)'),
      updated: incident.resolvedAt ?? incident.startedAt,
      text: incidentTimes(incident),
    })),
    ...snapshot.maintenance.map(({ components, from, to }) => ({
      id: `urn:sha256:${createHash('sha256').update(`${from} ${components.join()}`).digest('hex')}`,
      title: `Maintenance of ${components.join(', ')}`,
      updated: Math.min(from, snapshot.asOf),
      text: `${timeText(from)} to ${timeText(to)}`,
    })),
  ].toSorted((a, b) => b.updated - a.updated);
  const page = escapeXml(`${base}/status`);
  const updated = new Date(entries[0]?.updated ?? snapshot.asOf).toISOString();
  return `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<title>${escapeXml(snapshot.title)}</title>
<id>${page}</id>
<link href="${page}"/>
<link rel="self" href="${page}/feed.atom"/>
<updated>${updated}</updated>
<author><name>${escapeXml(snapshot.title)}</name></author>
${entries
  .map(
    ({ id, title, updated: at, text }) =>
      `<entry><id>${escapeXml(id)}</id><title>${escapeXml(title)}</title><updated>${new Date(at).toISOString()}</updated><link href="${page}"/><content type="text">${escapeXml(text)}</content></entry>`,
  )
  .join('\n')}
</feed>
`;
}
