import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ALERT_METRICS } from './alerting/alerts/metrics.ts';
import { DELIVERY_METRICS } from './alerting/delivery/metrics.ts';
import { DIAGNOSTIC_METRICS, SYNTHETIC_METRICS } from './diagnostics/metrics.ts';
import { HEALTH_METRICS } from './health/metrics.ts';
import { DEFAULT_THRESHOLDS, type Threshold } from './health/thresholds.ts';
import type { Catalogue } from './metric.ts';
import { ALIASES, COLLECTOR_METRICS } from './performance/catalogue.ts';
import { ENDPOINT_METRICS } from './performance/endpoints/metrics.ts';
import { FLEET_METRICS } from './performance/fleet/metrics.ts';
import { HOST_METRICS } from './performance/host/metrics.ts';
import { allChecks } from './performance/postgres/collectors.ts';
import { POSTGRES_METRICS } from './performance/postgres/metrics.ts';
import { ADVISOR_TIMEOUT_MS } from './performance/postgres/server.ts';
import { PROCESS_METRICS } from './performance/process/metrics.ts';
import { RECOVERY_METRICS } from './recovery/metrics.ts';
import { TRACE_METRICS } from './traces/agent/metrics.ts';
import { LLM_METRICS } from './traces/figures/metrics.ts';
import { SCORE_METRICS } from './traces/quality/report.ts';
import { WATCH_METRICS } from './watch/metrics.ts';

/** The tables of these pages, between `<!-- metrics:name -->` and `<!-- /metrics -->`. `UPDATE_DOCS=1` writes them. */
const TABLES: Readonly<Record<string, Catalogue>> = {
  host: HOST_METRICS,
  process: PROCESS_METRICS,
  postgres: POSTGRES_METRICS,
  fleet: FLEET_METRICS,
  collector: COLLECTOR_METRICS,
  aliases: ALIASES,
  health: HEALTH_METRICS,
  alerts: ALERT_METRICS,
  delivery: DELIVERY_METRICS,
  recovery: RECOVERY_METRICS,
  watch: WATCH_METRICS,
  traces: TRACE_METRICS,
  llm: LLM_METRICS,
  scores: SCORE_METRICS,
  diagnostic: DIAGNOSTIC_METRICS,
  synthetic: SYNTHETIC_METRICS,
  endpoint: ENDPOINT_METRICS,
};

const PAGES = ['agents.md', 'probes.md', 'monitoring.md'].map((name) => new URL(`../../docs/${name}`, import.meta.url));

function table(catalogue: Catalogue): string {
  const rows = Object.entries(catalogue).map(([name, { kind, unit, tier, labels, source, help }]) => {
    const text = [`\`${name}\``, kind, unit === '' ? 'count' : unit, tier, labels.join(', '), source, help];
    return `| ${text.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return ['| metric | kind | unit | every | labels | source | meaning |', '|---|---|---|---|---|---|---|', ...rows].join('\n');
}

/** Every check of PostgreSQL: how often it runs, how long it may take, since when there is what it reads. */
function postgresChecks(): string {
  const rows = allChecks().map(
    ({ name, tier, since, advises }) =>
      `| \`${name}\` | ${tier} | ${advises === true ? `${ADVISOR_TIMEOUT_MS / 1_000} s` : '`statement_timeout`'} | ${since ?? 14} |`,
  );
  return ['| check | every | takes at most | since PostgreSQL |', '|---|---|---|---|', ...rows].join('\n');
}

function checks(): string {
  const level = (value: number | undefined): string => (value === undefined ? '' : String(value));
  const rows = Object.entries<Threshold>(DEFAULT_THRESHOLDS).map(
    ([name, { worse, warning, critical, emergency }]) =>
      `| \`${name}\` | ${worse} | ${level(warning)} | ${level(critical)} | ${level(emergency)} |`,
  );
  return ['| check | worse | warning | critical | emergency |', '|---|---|---|---|---|', ...rows].join('\n');
}

function withTables(page: string): string {
  const tables = Object.entries(TABLES).reduce(
    (text, [name, catalogue]) =>
      text.replace(
        new RegExp(`(<!-- metrics:${name} -->\\n)[^]*?(<!-- /metrics -->)`),
        (_, start: string, end: string) => `${start}\n${table(catalogue)}\n\n${end}`,
      ),
    page,
  );
  const fill = (text: string, mark: string, content: () => string): string =>
    text.replace(
      new RegExp(`(<!-- ${mark} -->\\n)[^]*?(<!-- /checks -->)`),
      (_, start: string, end: string) => `${start}\n${content()}\n\n${end}`,
    );
  return fill(fill(tables, 'checks:postgres', postgresChecks), 'checks', checks);
}

describe('the pages of metrics', () => {
  const updates = process.env['UPDATE_DOCS'] === '1';
  const pages = PAGES.map((url) => {
    const page = readFileSync(url, 'utf8');
    const expected = withTables(page);
    if (updates && expected !== page) writeFileSync(url, expected);
    return { name: url.pathname.split('/').at(-1) ?? '', page: updates ? expected : page, expected };
  });

  it.each(Object.keys(TABLES))('have a table of the %s metrics', (name) =>
    expect(pages.filter(({ page }) => page.includes(`<!-- metrics:${name} -->`))).toHaveLength(1),
  );

  it.each(pages)('$name says what the code says', ({ page, expected }) => expect(page).toBe(expected));
});

describe('every metric', () => {
  const all = Object.entries(Object.assign({}, ...Object.values(TABLES)) as Catalogue);
  const aliases = new Set(Object.keys(ALIASES));

  it.each(all)('%s is named as OpenMetrics asks', (name, { kind, unit }) => {
    expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(name.endsWith('_total')).toBe(kind === 'counter');
    if (aliases.has(name)) return;
    const base = name.replace(/_total$/, '');
    if (unit === 'seconds' || unit === 'bytes' || unit === 'ratio') expect(base).toMatch(new RegExp(`_${unit}$`));
  });
});
