import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DELIVERY_METRICS } from './alerting/delivery/metrics.ts';
import { DIAGNOSTIC_METRICS, SYNTHETIC_METRICS } from './diagnostics/metrics.ts';
import { HEALTH_METRICS } from './health/metrics.ts';
import { DEFAULT_THRESHOLDS, type Threshold } from './health/thresholds.ts';
import type { Catalogue } from './metric.ts';
import { ALIASES, COLLECTOR_METRICS } from './performance/catalogue.ts';
import { FLEET_METRICS } from './performance/fleet/metrics.ts';
import { HOST_METRICS } from './performance/host/metrics.ts';
import { POSTGRES_METRICS } from './performance/postgres/metrics.ts';
import { PROCESS_METRICS } from './performance/process/metrics.ts';

const PAGE = new URL('../../docs/agents.md', import.meta.url);

/** The tables of docs/agents.md, between `<!-- metrics:name -->` and `<!-- /metrics -->`. `UPDATE_DOCS=1` writes them. */
const TABLES: Readonly<Record<string, Catalogue>> = {
  host: HOST_METRICS,
  process: PROCESS_METRICS,
  postgres: POSTGRES_METRICS,
  fleet: FLEET_METRICS,
  collector: COLLECTOR_METRICS,
  aliases: ALIASES,
  health: HEALTH_METRICS,
  delivery: DELIVERY_METRICS,
  diagnostic: DIAGNOSTIC_METRICS,
  synthetic: SYNTHETIC_METRICS,
};

function table(catalogue: Catalogue): string {
  const rows = Object.entries(catalogue).map(([name, { kind, unit, tier, labels, source, help }]) => {
    const text = [`\`${name}\``, kind, unit === '' ? 'count' : unit, tier, labels.join(', '), source, help];
    return `| ${text.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return ['| metric | kind | unit | every | labels | source | meaning |', '|---|---|---|---|---|---|---|', ...rows].join('\n');
}

function checks(): string {
  const level = (value: number | undefined): string => (value === undefined ? '' : String(value));
  const rows = Object.entries<Threshold>(DEFAULT_THRESHOLDS).map(
    ([name, { worse, warning, critical, emergency }]) =>
      `| \`${name}\` | ${worse} | ${level(warning)} | ${level(critical)} | ${level(emergency)} |`,
  );
  return ['| check | worse | warning | critical | emergency |', '|---|---|---|---|---|', ...rows].join('\n');
}

describe('docs/agents.md', () => {
  const page = readFileSync(PAGE, 'utf8');
  const withTables = Object.entries(TABLES).reduce(
    (text, [name, catalogue]) =>
      text.replace(
        new RegExp(`(<!-- metrics:${name} -->\\n)[^]*?(<!-- /metrics -->)`),
        (_, start: string, end: string) => `${start}\n${table(catalogue)}\n\n${end}`,
      ),
    page,
  );
  const expected = withTables.replace(
    /(<!-- checks -->\n)[^]*?(<!-- \/checks -->)/,
    (_, start: string, end: string) => `${start}\n${checks()}\n\n${end}`,
  );
  if (process.env['UPDATE_DOCS'] === '1' && expected !== page) writeFileSync(PAGE, expected);

  it.each(Object.keys(TABLES))('has a table of the %s metrics', (name) => expect(page).toContain(`<!-- metrics:${name} -->`));

  it('says of every metric what the catalogue says', () => expect(process.env['UPDATE_DOCS'] === '1' ? expected : page).toBe(expected));
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
