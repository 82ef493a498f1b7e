import type * as z from 'zod';
import { formatDuration } from '../../../src/base/duration.ts';
import { ENTERPRISE_EFFECTS, enterpriseSchema } from '../../../src/config/enterprise.ts';
import type { KeyEffect } from '../../../src/config/key-effect.ts';
import { leaves } from '../../../src/config/check-file.ts';
import { MONITORING_EFFECTS, monitoringSchema } from '../../../src/config/monitoring.ts';
import { VARIABLES, type Variable } from '../../../src/config/variables.ts';
import { GENERATED, table } from './markdown.ts';

const variables: readonly Variable[] = VARIABLES;

export function renderConfiguration(): string {
  return `# Configuration
${GENERATED}

Everything has a default: \`muster up\` runs without any of this. What is set is looked for in this order; the first one wins.

1. Options of the command line, such as \`--port\`.
2. Environment variables.
3. \`.env\` in the working folder. It never overrides the real environment.
4. \`monitoring.yml\` and \`enterprise.yml\`, in \`--config-dir\`, \`MUSTER_CONFIG_DIR\` or \`./config\`.

\`muster validate\` checks all of it and tells every mistake with file, line and column; \`muster validate --production --comprehensive\`
also says what is fine on a laptop and not in production, and what it does not check. \`muster setup\` writes a \`.env\` where there is none.

In the two files any value may be \`\${NAME}\` or \`\${NAME:-default}\`, taken from the environment or \`.env\`; a literal \`\${\` is written \`$\${\`.
Lengths of time are written \`250ms\`, \`5s\`, \`2m\`, \`12h\`, \`30d\`, or together: \`1h30m\`. Sizes are written \`512MB\`.

## Environment variables
A secret may also be given in a file, whose name stands in the variable with \`_FILE\` at its end, as Docker and Kubernetes hand secrets over:
\`DATABASE_URL_FILE=/run/secrets/database_url\`. An empty value counts as not set.

${table(
  ['Variable', 'What it is', 'Default'],
  variables.map(({ name, summary, default: preset, secret }) => [
    `\`${name}\`${secret === true ? ' (secret)' : ''}`,
    summary,
    preset === null ? '' : `\`${preset}\``,
  ]),
)}

\`NO_COLOR\` and \`FORCE_COLOR\` are respected. Of libpq's variables, \`PGUSER\` and \`PGPASSWORD\` are used where the URL has no user or password.

## config/monitoring.yml
${keyTable(monitoringSchema, MONITORING_EFFECTS, [])}

## config/enterprise.yml
Keys below \`enterprise:\`. Those without effect in this version are accepted, and \`muster validate\` says so.

${keyTable(enterpriseSchema, ENTERPRISE_EFFECTS, ['enterprise'])}
`;
}

function keyTable(schema: z.ZodType, effects: readonly KeyEffect[], below: readonly string[]): string {
  return table(
    ['Key', 'Value', 'Default', 'What it does'],
    leaves(schema).map(({ path, schema: leaf }) => {
      const key = path.slice(below.length).join('.');
      const effect = effects.find((each) => each.path === key)?.effect;
      return [
        `\`${key}\``,
        expected(leaf),
        preset(leaf),
        effect ??
          (key === 'high_availability.enabled' ? '*No effect: failover and fencing are always on.*' : '*No effect in this version.*'),
      ];
    }),
  );
}

/** What the scalars say they expect. */
function expected(leaf: z.ZodType): string {
  let node: z.ZodType | undefined = leaf;
  while (node !== undefined) {
    if (node.description !== undefined) return node.description.replace(/^an? /, '');
    node = (node._zod.def as { innerType?: z.ZodType }).innerType;
  }
  return '';
}

function preset(leaf: z.ZodType): string {
  const value = (leaf._zod.def as { defaultValue?: unknown }).defaultValue;
  if (value === undefined) return 'as in the template';
  if (typeof value !== 'number') return `\`${JSON.stringify(value)}\``;
  const text = expected(leaf);
  if (text.startsWith('length of time')) return `\`${formatDuration(value)}\``;
  return text === 'size' ? `\`${value / 1024 ** 2}MB\`` : `\`${value}\``;
}

/** `.env.example`: every variable, as a comment. */
export function renderEnvironmentTemplate(): string {
  const groups = [...new Set(variables.map(({ group }) => group))];
  return `# Muster reads this file as .env in the working folder. The real environment goes before it.
# Everything is optional: take the # away from what you need. docs/reference/configuration.md says more.
${groups
  .map((group) => {
    const lines = variables
      .filter((variable) => variable.group === group)
      .map(
        ({ name, summary, example, secret }) =>
          `# ${wrap(summary)}${secret === true ? `\n# Or, in a file: ${name}_FILE` : ''}\n#${name}=${example}\n`,
      );
    return `\n# --- ${group}\n\n${lines.join('\n')}`;
  })
  .join('')}`;
}

const wrap = (text: string): string => text.replace(/(.{1,110})(?:\s|$)/g, '$1\n# ').replace(/\n# $/, '');
