import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { HEALTH_METRICS } from './health/metrics.ts';
import { METRICS } from './performance/catalogue.ts';
import { DEFAULT_RULES } from './alerting/rules/default-rules.ts';
import { RECOVERY_METRICS } from './recovery/metrics.ts';
import { TRACE_METRICS } from './traces/agent/metrics.ts';
import { SCORE_METRICS } from './traces/quality/report.ts';
import { ruleDocument } from './alerting/rules/document.ts';

const runbooks = fileURLToPath(new URL('../../docs/runbooks/', import.meta.url));

describe.each(DEFAULT_RULES.map((rule) => [rule.name, rule] as const))('the rule %s that ships', (name, rule) => {
  test('is about metrics that are measured', () => {
    const measured = { ...METRICS, ...HEALTH_METRICS, ...RECOVERY_METRICS, ...TRACE_METRICS, ...SCORE_METRICS } as Readonly<
      Record<string, { readonly labels?: readonly string[] }>
    >;
    for (const metric of [rule.metric_name, rule.of?.metric_name]) {
      if (metric !== undefined) expect(Object.keys(measured)).toContain(metric);
    }
    for (const label of Object.keys(rule.match ?? {})) expect(measured[rule.metric_name ?? '']?.labels).toContain(label);
  });

  test('has a page that says what it means and what to do', () => {
    const page = `${runbooks}${name}.md`;
    expect(rule.runbook).toBe(name);
    expect(existsSync(page)).toBe(true);
    const text = readFileSync(page, 'utf8');
    expect(text.startsWith(`# ${name}\n`)).toBe(true);
    for (const heading of ['## What it means', '## Look', '## Mend']) expect(text).toContain(heading);
    if (rule.metric_name !== undefined) expect(text).toContain(rule.metric_name);
  });

  test('comes back unchanged from where it is stored', () => {
    expect(ruleDocument.parse(JSON.parse(JSON.stringify(rule)))).toEqual(rule);
  });
});

test('there is no page without a rule, and every name is there once', () => {
  const names = DEFAULT_RULES.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(
    readdirSync(runbooks)
      .filter((file) => file !== 'index.md')
      .map((file) => file.replace(/\.md$/, ''))
      .toSorted(),
  ).toEqual(names.toSorted());
});
