import type { Comparison, Difference, ExampleChange } from './comparison.ts';
import { REGRESSION_MEANS, seconds, signed, usd, type Report } from './report.ts';
import type { ExampleTexts } from './report-texts.ts';

/** What is shown of one example. */
export interface ShownExample {
  readonly exampleId: string;
  /** On one line. */
  readonly question: string | undefined;
  readonly expected: string | null;
  readonly now: ExampleTexts | undefined;
  readonly before: ExampleTexts | undefined;
  /** Its scores now, where nothing is compared. */
  readonly scores: readonly { readonly key: string; readonly score: number }[];
  readonly change: ExampleChange | undefined;
}

/** How many examples a report shows: the ones that lost most come first. */
export const MOST_SHOWN = 300;

/** The report as one file: no script, nothing fetched from anywhere, all that came from data escaped. */
export function htmlOf(report: Report, shown: readonly ShownExample[]): string {
  const { comparison } = report;
  const body = [
    `<h1>${escaped(report.experiment)}</h1>`,
    `<p>Dataset <b>${escaped(report.dataset)}</b>${report.target === null ? '' : `, target <code>${escaped(report.target)}</code>`}</p>`,
    facts(report),
    report.thresholds.length === 0 ? '' : thresholds(report),
    report.scores.length === 0 ? '' : scores(report),
    comparison === null ? '' : compared(report.baseline ?? '', comparison),
    report.unscored.map(({ because, key, n }) => `<p class="bad">${escaped(key)} is missing for ${n}: ${escaped(because)}</p>`).join('\n'),
    `<h2>Examples</h2>`,
    report.examples > shown.length ? `<p>${shown.length} of ${report.examples}.</p>` : '',
    ...shown.map(example),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><meta name="referrer" content="no-referrer">
<title>${escaped(report.experiment)}</title><style>${STYLE}</style></head>
<body><main>
${body.filter((part) => part !== '').join('\n')}
</main></body></html>
`;
}

function facts(report: Report): string {
  const of: readonly (readonly [string, string])[] = [
    ['examples', String(report.examples)],
    ['failed', String(report.errors)],
    ['p50', seconds(report.latency_p50_seconds)],
    ['p95', seconds(report.latency_p95_seconds)],
    ['cost', report.cost_usd === null ? 'unknown' : usd(report.cost_usd)],
  ];
  return `<dl>${of.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')}</dl>`;
}

const thresholds = ({ thresholds: of }: Report): string =>
  table(
    ['score', 'at least', 'mean', ''],
    of.map(({ key, least, mean, passed }) => [
      escaped(key),
      String(least),
      mean === null ? 'not given' : mean.toFixed(3),
      `<b class="${passed ? 'good' : 'bad'}">${passed ? 'reached' : 'missed'}</b>`,
    ]),
  );

const scores = ({ scores: of }: Report): string =>
  table(
    ['score', 'examples', 'mean', ''],
    of.map(({ key, mean, n }) => [escaped(key), String(n), mean.toFixed(3), bar(mean)]),
  );

function compared(baseline: string, { cost, failures, keys, latency }: Comparison): string {
  const widest = Math.max(0.01, ...keys.flatMap(({ difference, interval }) => [difference, ...(interval ?? [])].map(Math.abs)));
  const row = (name: string, of: Difference, digits: number, rest: readonly string[]): readonly string[] => [
    name,
    String(of.n),
    of.baseline.toFixed(digits),
    of.candidate.toFixed(digits),
    signed(of.difference, digits),
    of.interval === null ? '–' : `${signed(of.interval[0], digits)} to ${signed(of.interval[1], digits)}`,
    ...rest,
  ];
  return [
    `<h2>Against ${escaped(baseline)}</h2>`,
    table(
      ['score', 'examples', 'before', 'now', 'difference', '95 % interval', '', 'better', 'worse', ''],
      [
        ...keys.map((key) =>
          row(escaped(key.key), key, 3, [
            interval(key, widest),
            String(key.wins),
            String(key.losses),
            `<b class="${VERDICTS[key.verdict]}">${key.verdict}</b>`,
          ]),
        ),
        ...(latency === null ? [] : [row('seconds an example', latency, 3, ['', '', '', ''])]),
        ...(cost === null ? [] : [row('USD an example', cost, 6, ['', '', '', ''])]),
      ],
    ),
    `<p><small>${escaped(REGRESSION_MEANS)} Failed before: ${failures.baseline}, now: ${failures.candidate}.</small></p>`,
  ].join('\n');
}

const VERDICTS = { better: 'good', worse: 'bad', unclear: 'unclear', same: '' } as const;

function example({ before, change, exampleId, expected, now, question, scores: of }: ShownExample): string {
  const told =
    change === undefined
      ? of.map(({ key, score }) => `${escaped(key)} ${score.toFixed(2)}`)
      : change.changes.map(({ from, key, to }) => {
          const mark = to > from + 1e-9 ? 'good' : to < from - 1e-9 ? 'bad' : '';
          return `<span class="${mark}">${escaped(key)} ${from === to ? to.toFixed(2) : `${from.toFixed(2)} → ${to.toFixed(2)}`}</span>`;
        });
  const took =
    change === undefined
      ? []
      : [`${seconds(change.seconds[0])} → ${seconds(change.seconds[1])}`, ...costs(change.cost), ...failed(change.failed)];
  const texts: readonly (readonly [string, string | null | undefined])[] = [
    ['inputs', now?.inputs ?? before?.inputs],
    ['expected', expected],
    ['before', before?.error ?? before?.outputs],
    ['now', now?.error ?? now?.outputs],
  ];
  return `<details><summary>${question === undefined ? `<code>${escaped(exampleId)}</code>` : `<b>${escaped(question)}</b>`} <span>${[...told, ...took].join(' · ')}</span></summary>
<p><small>example <code>${escaped(exampleId)}</code></small></p>
${texts.flatMap(([name, text]) => (text === null || text === undefined ? [] : [`<h3>${name}</h3><pre>${escaped(text)}</pre>`])).join('\n')}
</details>`;
}

const costs = ([from, to]: ExampleChange['cost']): readonly string[] =>
  from === null && to === null ? [] : [`${from === null ? 'unknown' : usd(from)} → ${to === null ? 'unknown' : usd(to)}`];
const failed = ([before, now]: ExampleChange['failed']): readonly string[] =>
  before === now ? (now ? ['failed'] : []) : [now ? '<b class="bad">fails now</b>' : '<b class="good">failed before</b>'];

const bar = (share: number): string =>
  `<svg viewBox="0 0 100 8" width="100" height="8" role="img"><rect class="track" width="100" height="8"/><rect class="fill" width="${(Math.min(1, Math.max(0, share)) * 100).toFixed(1)}" height="8"/></svg>`;

/** The interval of a difference, and zero as a line. */
function interval({ difference, interval: of, verdict }: Difference & { readonly verdict: keyof typeof VERDICTS }, widest: number): string {
  const x = (value: number): string => (80 + (value / widest) * 76).toFixed(1);
  const [low, high] = of ?? [difference, difference];
  return `<svg class="${VERDICTS[verdict]}" viewBox="0 0 160 16" width="160" height="16" role="img"><line class="zero" x1="80" x2="80" y1="0" y2="16"/><line class="span" x1="${x(low)}" x2="${x(high)}" y1="8" y2="8"/><circle cx="${x(difference)}" cy="8" r="4"/></svg>`;
}

/** Cells are HTML already. */
const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<table><thead><tr>${heads.map((head) => `<th>${head}</th>`).join('')}</tr></thead><tbody>
${rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('\n')}
</tbody></table>`;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (char) => ENTITIES[char] ?? char);

const STYLE = `:root{color-scheme:light dark;--ink:#1c1c1c;--paper:#fafafa;--line:#ddd;--soft:#666;--good:#1a7f4b;--bad:#b00020;--unclear:#8a6100}
@media (prefers-color-scheme:dark){:root{--ink:#eee;--paper:#161616;--line:#333;--soft:#aaa;--good:#4fc98a;--bad:#ff7a85;--unclear:#e0b040}}
body{font:15px/1.5 system-ui,sans-serif;margin:0;color:var(--ink);background:var(--paper)}main{max-width:76rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}th,td{text-align:right;padding:.3rem .7rem;border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums;white-space:nowrap}
th:first-child,td:first-child{text-align:left}th{color:var(--soft);font-weight:500}dl{display:flex;gap:2rem;flex-wrap:wrap}dt{color:var(--soft)}dd{margin:0;font-size:1.3rem}
details{border-top:1px solid var(--line);padding:.5rem 0}summary{cursor:pointer}summary b{font-weight:500;margin-right:.5rem}summary span{font-variant-numeric:tabular-nums}h3{font-size:.85rem;margin:.75rem 0 .25rem;color:var(--soft)}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0;font:13px/1.45 ui-monospace,monospace}small{color:var(--soft)}
.good{color:var(--good)}.bad{color:var(--bad)}.unclear{color:var(--unclear)}svg{vertical-align:middle}.track{fill:var(--line)}.fill{fill:var(--good)}
.zero{stroke:var(--soft)}.span{stroke:currentColor;stroke-width:3;stroke-linecap:round}circle{fill:currentColor}`;
