import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CONVENTIONS, EVENT_ROWS, ROWS, RUN_TYPE_RULES, RUNTIME_PREFIXES, type Convention, type Row } from './table.ts';

const PAGE = new URL('../../../../../docs/opentelemetry.md', import.meta.url);
const TITLES: Readonly<Record<Convention, string>> = {
  langsmith: 'LangSmith',
  genai: 'GenAI',
  openinference: 'OpenInference',
  aisdk: 'AI SDK',
  traceloop: 'OpenLLMetry',
  legacy: 'older and others',
};

const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(' ');

function place({ field, when }: Row): string {
  const where = field
    .replace(/^metadata\./, 'metadata: ')
    .replace(/^params\./, 'invocation_params: ')
    .replace(/^usage\./, 'usage: ')
    .replaceAll('_', ' ');
  return when === undefined ? where : `${where} (${when.join(', ')})`;
}

const table = (): string =>
  [
    `| what it becomes | ${CONVENTIONS.map((convention) => TITLES[convention]).join(' | ')} |`,
    `|---|${CONVENTIONS.map(() => '---').join('|')}|`,
    ...ROWS.map((row) => `| ${place(row)} | ${CONVENTIONS.map((convention) => code(row.names[convention] ?? [])).join(' | ')} |`),
  ].join('\n');

const types = (): string =>
  [
    '| attribute | value and type |',
    '|---|---|',
    ...RUN_TYPE_RULES.map(
      ({ name, values }) =>
        `| \`${name}\` | ${Object.entries(values)
          .map(([value, type]) => `\`${value}\` ${type}`)
          .join(', ')} |`,
    ),
  ].join('\n');

const events = (): string =>
  [
    '| event | becomes |',
    '|---|---|',
    ...EVENT_ROWS.map(
      ({ event, becomes, role }) => `| \`${event}\` | ${becomes.replaceAll('_', ' ')}${role === undefined ? '' : `, role ${role}`} |`,
    ),
  ].join('\n');

const TABLES: Readonly<Record<string, () => string>> = {
  attributes: table,
  types,
  events,
  runtime: () => code(RUNTIME_PREFIXES.map((prefix) => `${prefix}*`)),
};

// The tables between `<!-- mapping:name -->` and `<!-- /mapping -->`. `UPDATE_DOCS=1` writes them.
it('the page about OpenTelemetry shows the mapping as it is', () => {
  const written = readFileSync(PAGE, 'utf8');
  const right = written.replaceAll(
    /(<!-- mapping:(\w+) -->\n)[^]*?(\n<!-- \/mapping -->)/g,
    (_whole, head: string, name: string, tail: string) => `${head}${TABLES[name]?.() ?? ''}${tail}`,
  );
  for (const name of Object.keys(TABLES)) expect(written).toContain(`<!-- mapping:${name} -->`);
  if (process.env['UPDATE_DOCS'] !== undefined) writeFileSync(PAGE, right);
  else expect(written).toBe(right);
});
