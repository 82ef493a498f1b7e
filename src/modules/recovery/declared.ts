import type { DeclaredAction } from '../../config/recovery-actions.ts';
import { defineAction, targetName, type Labels, type RecoveryAction, type Step, type Target } from './action.ts';
import { literal } from './actions/quote.ts';

type Work = Pick<DeclaredAction, 'sql' | 'agent_command' | 'http' | 'shell'>;

/** An action of monitoring.yml. What it says is filled in with labels of the alert, each quoted for where it stands. */
export function fromDeclaration(declared: DeclaredAction): RecoveryAction {
  const { limits = {}, name, undo, verify } = declared;
  const given = Object.fromEntries(
    Object.entries({
      runsAnHour: limits.runs_an_hour,
      runsAnHourATarget: limits.runs_an_hour_a_target,
      cooldown: limits.cooldown,
      longestCooldown: limits.longest_cooldown,
      approval: limits.approval,
      timeout: limits.timeout,
      hold: limits.hold,
      verify: limits.verify,
    }).filter(([, value]) => value !== undefined),
  );
  const used = labelsIn([declared, verify, undo]);
  return defineAction({
    name,
    title: declared.title ?? name,
    description: declared.description ?? 'Declared in monitoring.yml.',
    on: declared.on.map((binding) => ({
      ...(binding.rule === undefined ? {} : { rule: binding.rule }),
      ...(binding.labels === undefined ? {} : { labels: binding.labels }),
    })),
    ceiling: declared.ceiling ?? 'auto',
    approver: declared.approver ?? 'operator',
    idempotent: declared.idempotent ?? false,
    undo: undo === undefined ? 'irreversible' : { describe: describe(undo), steps: ({ params }) => [stepOf(undo, textOf(params))] },
    limits: given,
    anyDatabase: mayBeAnywhere(declared, used),
    targets(_, { labels }) {
      // A label that is missing would leave a hole in the statement: such an alert has no target.
      if ([...declared.target, ...used].some((label) => labels[label] === undefined)) return Promise.resolve([]);
      const target = targetName(Object.fromEntries(declared.target.map((label) => [label, labels[label] ?? ''])));
      return Promise.resolve([
        { target, group: declared.group ?? name, params: Object.fromEntries(used.map((label) => [label, labels[label] ?? ''])) },
      ]);
    },
    steps: ({ params }) => [stepOf(declared, textOf(params))],
    ...(verify !== undefined && {
      symptom: async ({ database }, { params }: Target) => {
        const { rows } = await database.query({ text: firstRows(fill(verify, textOf(params), literal)), values: [] });
        return readSymptom(rows);
      },
    }),
  });
}

/** Its first rows are enough; a query that gives all there is must not fill this process. */
const firstRows = (query: string): string => `select * from (\n${query.replace(/;\s*$/, '')}\n) symptom limit ${MOST_ROWS}`;
const MOST_ROWS = 100;

/** A query says that the symptom is there by giving true, a number above zero, or any row that begins with neither. */
function readSymptom(rows: readonly Record<string, unknown>[]) {
  const [row] = rows;
  const value = row === undefined ? undefined : Object.values(row)[0];
  if (row === undefined || value === false || value === null)
    return { present: false, text: row === undefined ? 'no rows' : `it gives ${String(value)}` };
  const number = typeof value === 'number' ? value : typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
  if (number === undefined)
    return {
      present: true,
      text: value === true ? 'it gives true' : rows.length < MOST_ROWS ? `${rows.length} rows` : `${MOST_ROWS} rows or more`,
    };
  return { present: number > 0, text: `it gives ${number}`, value: number };
}

/** SQL runs on the fleet's own database: for an alert about another one only where it says itself what it does about that. */
const mayBeAnywhere = ({ sql: statement, target, undo, verify }: DeclaredAction, used: readonly string[]): boolean =>
  [...target, ...used].includes('database') || [statement, verify, undo?.sql].every((text) => text === undefined);

const textOf = (params: Target['params'] = {}): Labels =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]));

const PLACE = /\{\{\s*([a-z_][a-z0-9_]*)\s*\}\}/gi;

function labelsIn(value: unknown): readonly string[] {
  return [...new Set([...JSON.stringify(value).matchAll(PLACE)].map(([, label]) => label ?? ''))];
}

/** Labels come from whoever sends metrics: they are data wherever they are put, never part of the statement. */
const fill = (template: string, labels: Labels, quote: (text: string) => string): string =>
  template.replaceAll(PLACE, (_, label: string) => quote(labels[label] ?? ''));

const plain = (text: string): string => text;
const inShell = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

function stepOf({ agent_command: command, http, shell, sql: statement }: Work, labels: Labels): Step {
  if (statement !== undefined) return { kind: 'sql', how: 'alone', text: fill(statement, labels, literal) };
  if (command !== undefined) return { kind: 'agent_command', agentId: fill(command.agent, labels, plain), command: command.command };
  if (http !== undefined)
    return {
      kind: 'http',
      method: http.method,
      url: fill(http.url, labels, encodeURIComponent),
      ...(http.headers === undefined ? {} : { headers: http.headers }),
      ...(http.body === undefined ? {} : { body: fill(http.body, labels, inJson) }),
    };
  return { kind: 'shell', command: fill(shell ?? '', labels, inShell) };
}

const describe = (work: Work): string =>
  work.sql ??
  work.shell ??
  (work.http === undefined ? `${work.agent_command?.command} ${work.agent_command?.agent}` : `${work.http.method} ${work.http.url}`);
