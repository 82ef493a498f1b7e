import { availabilityOf, percentText, unknownOf } from './availability.ts';
import { renderIcon } from './badge.ts';
import { barsOf } from './bars.ts';
import type { Kept } from './kept-snapshot.ts';
import type { ShownComponent, ShownIncident, Snapshot } from './snapshot.ts';
import { escapeXml as text, headline, lengthText, overallOf, timeText, WORDS } from './words.ts';

/** The page: HTML alone, without a script, so that it is there wherever a browser is. */
export function renderPage({ snapshot, isCurrent }: Kept): string {
  const overall = isCurrent ? overallOf(snapshot) : 'unknown';
  const says = isCurrent ? headline(snapshot) : `Last known state, of ${timeText(snapshot.asOf)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${WORDS[overall].word} · ${text(snapshot.title)}</title>
<link rel="icon" href="${renderIcon(overall, WORDS[overall].sign)}">
<link rel="stylesheet" href="/status/style.css">
<link rel="alternate" type="application/atom+xml" href="/status/feed.atom" title="Incidents and maintenance">
</head>
<body>
<main>
<header>
<h1>${text(snapshot.title)}</h1>
<p class="overall ${overall}"><span class="sign" aria-hidden="true">${WORDS[overall].sign}</span>${text(says)}</p>
${isCurrent ? '' : `<p class="away" role="status">The source of this page cannot be reached. What follows is how things stood at <time datetime="${new Date(snapshot.asOf).toISOString()}">${timeText(snapshot.asOf)}</time>; nothing is known since.</p>`}
<p class="quiet">As of <time datetime="${new Date(snapshot.asOf).toISOString()}">${timeText(snapshot.asOf)}</time></p>
</header>
<section aria-labelledby="components">
<h2 id="components">Components</h2>
${snapshot.components.length === 0 ? '<p>No component has been observed yet.</p>' : `<ul class="components">${snapshot.components.map((component) => renderComponent(component)).join('')}</ul>`}
<p class="legend quiet"><span class="key up"></span>up <span class="key degraded"></span>degraded <span class="key down"></span>down <span class="key unknown"></span>unknown. Availability is the share of the known time, weighted by its length, in which a component was up or degraded. Days are those of UTC.</p>
</section>
<section aria-labelledby="maintenance">
<h2 id="maintenance">Maintenance</h2>
${renderMaintenance(snapshot)}
</section>
<section aria-labelledby="incidents">
<h2 id="incidents">Incidents of the last 14 days</h2>
${snapshot.incidents.length === 0 ? '<p>None were recorded.</p>' : `<ul class="incidents">${snapshot.incidents.map(renderIncident).join('')}</ul>`}
</section>
<footer class="quiet"><a href="/status/feed.atom">Atom feed</a> <a href="/status/status.json">JSON</a> <a href="/status/badge.svg">Badge</a></footer>
</main>
</body>
</html>
`;
}

function renderComponent(component: ShownComponent): string {
  const { name, state, since, days } = component;
  const { word, sign } = WORDS[state];
  const seen = availabilityOf(days, { withMaintenance: true });
  const without = availabilityOf(days, { withMaintenance: false });
  const hadMaintenance = days.some(({ maintenance }) => maintenance.up + maintenance.degraded + maintenance.down > 0);
  const figure = seen.ratio === null ? 'nothing known' : percentText(seen.ratio);
  const label = `${name}, the last ${days.length} days: ${figure}${seen.downMs > 0 ? `, down for ${lengthText(seen.downMs)}` : ''}${seen.unknownMs > 60_000 ? `, unknown for ${lengthText(seen.unknownMs)}` : ''}`;
  return `<li>
<div class="line"><h3>${text(name)}</h3><p class="state ${state}"><span class="sign" aria-hidden="true">${sign}</span>${word}${since === null ? '' : ` <span class="quiet">since ${timeText(since)}</span>`}</p></div>
${barsOf(component, text(label))}
<p class="line quiet"><span><span class="long">90 days ago</span><span class="short">30 days ago</span></span><span>today</span></p>
<p class="quiet"><strong>${figure}</strong> in ${days.length} days${hadMaintenance ? `, ${percentText(without.ratio)} without maintenance` : ''}${unknownNote(seen)}</p>
${renderDays(days)}
</li>`;
}

function unknownNote({ unknownMs, windowMs, between }: ReturnType<typeof availabilityOf>): string {
  if (between === null || unknownMs / windowMs < 0.001) return '';
  return `; ${percentText(unknownMs / windowMs)} of the time unknown, so between ${percentText(between[0])} and ${percentText(between[1])}`;
}

/** Days that were not wholly up, for whoever cannot see the bars or wants the figures. */
function renderDays(days: ShownComponent['days']): string {
  const told = days.filter((day) => day.length > 0 && (day.down > 0 || day.degraded > 0 || unknownOf(day) > 60_000)).toReversed();
  if (told.length === 0) return '';
  const row = (day: ShownComponent['days'][number]): string =>
    `<tr><th scope="row">${day.day}</th><td>${lengthText(day.down)}</td><td>${lengthText(day.degraded)}</td><td>${lengthText(unknownOf(day))}</td></tr>`;
  return `<details><summary>${told.length === 1 ? 'One day was' : `${told.length} days were`} not wholly up</summary><table><thead><tr><th scope="col">Day</th><th scope="col">Down</th><th scope="col">Degraded</th><th scope="col">Unknown</th></tr></thead><tbody>${told.map(row).join('')}</tbody></table></details>`;
}

function renderMaintenance({ maintenance, asOf }: Snapshot): string {
  if (maintenance.length === 0) return '<p>None is planned.</p>';
  return `<ul>${maintenance
    .map(
      ({ components, from, to }) =>
        `<li><strong>${text(components.join(', '))}</strong>: ${from <= asOf ? 'under way since' : 'from'} ${timeText(from)} to ${timeText(to)}</li>`,
    )
    .join('')}</ul>`;
}

const renderIncident = (incident: ShownIncident): string =>
  `<li id="incident-${text(incident.id)}"><strong>${incidentTitle(incident)}</strong><br><span class="quiet">${incidentTimes(incident)}</span></li>`;

export const incidentTitle = ({ level, about }: ShownIncident): string =>
  `${level === 'emergency' ? 'Emergency' : 'Incident'} with ${about}`;
export const incidentTimes = ({ startedAt, resolvedAt }: ShownIncident): string =>
  resolvedAt === null
    ? `since ${timeText(startedAt)}, not over yet`
    : `${timeText(startedAt)} to ${timeText(resolvedAt)}, ${lengthText(resolvedAt - startedAt)}`;
