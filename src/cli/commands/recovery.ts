import { randomUUID } from 'node:crypto';
import { MusterError } from '../../base/errors.ts';
import { sql } from '../../db/sql.ts';
import {
  actionView,
  approve,
  changeSettings,
  declaredActions,
  dryRun,
  findIn,
  getSettings,
  listActions,
  listRuns,
  MODES,
  proposeByHand,
  reject,
  requestUndo,
  requireRun,
  resume,
  runView,
  runWithSteps,
  setMode,
  settingsView,
  stepsOf,
  successText,
  type Level,
  type Mode,
} from '../../modules/recovery/index.ts';
import type { FindAction } from '../../modules/recovery/requests.ts';
import { RECOVERY_TOPIC, RUN_STATES, type Run, type RunState } from '../../modules/recovery/runs.ts';
import type { Invocation } from '../invocation.ts';
import { withFleet, type FleetAccess } from '../runtime/fleet-access.ts';
import { drawTable, printable } from '../table.ts';
import { ago } from '../wording.ts';

const BY = 'cli';

/** Work after which the healing agent looks at once. */
const decided = (invocation: Invocation, work: (fleet: FleetAccess) => Promise<void>): Promise<void> =>
  withFleet(invocation, async (fleet) => {
    await work(fleet);
    fleet.wake.hint(RECOVERY_TOPIC);
  });

interface RunsOptions {
  readonly last?: number;
  readonly state?: string;
  readonly action?: string;
}

export async function runs(invocation: Invocation, options: RunsOptions): Promise<void> {
  const { output } = invocation;
  const { last = 20, state } = options;
  if (state !== undefined && !RUN_STATES.includes(state as RunState))
    throw new MusterError('USAGE', `There is no state "${state}"`, { remedy: `Use one of: ${RUN_STATES.join(', ')}.` });
  await withFleet(invocation, async ({ database }) => {
    const found = await listRuns(database, { state: state as RunState | undefined, action: options.action }, { limit: last });
    output.result({ items: found.map(runView) }, () =>
      found.length === 0
        ? 'Nothing was proposed yet. `muster recovery actions` shows what there is.'
        : drawTable(
            [
              { title: 'RUN' },
              { title: 'ACTION', shrinkTo: 12 },
              { title: 'TARGET', shrinkTo: 12 },
              { title: 'STATE' },
              { title: 'PROPOSED', align: 'right' },
              { title: 'WHAT', shrinkTo: 16 },
            ],
            found.map((run) => [
              run.run_id.slice(0, 8),
              run.action,
              printable(run.target),
              paint(run, output.colors),
              ago(run.proposed_at, run.now),
              printable(run.reason ?? run.held_by ?? run.symptom_after?.text ?? run.because),
            ]),
            output.columns,
            output.colors.dim,
          ),
    );
  });
}

type Colors = Invocation['output']['colors'];

function paint({ state }: Run, colors: Colors): string {
  if (state === 'effective') return colors.green(state);
  if (state === 'failed' || state === 'ineffective') return colors.red(state);
  return state === 'proposed' || state === 'running' || state === 'verifying' ? colors.yellow(state) : colors.dim(state);
}

export async function show(invocation: Invocation, _options: unknown, id: string): Promise<void> {
  await withFleet(invocation, async ({ database }) => {
    await printRun(invocation, database, await findRun(database, id));
  });
}

async function printRun({ output }: Invocation, database: FleetAccess['database'], run: Run): Promise<void> {
  const steps = await stepsOf(database, run.run_id);
  const { colors } = output;
  const field = (name: string, value: string): string => `${colors.dim(name.padEnd(12))}${value}`;
  const optional = (name: string, value: string | null | undefined): readonly string[] =>
    value === null || value === undefined ? [] : [field(name, printable(value))];
  output.result(runWithSteps(run, steps), () =>
    [
      `${colors.bold(run.run_id)}  ${paint(run, colors)}`,
      field('action', run.action),
      field('target', printable(run.target)),
      field('because', printable(run.because)),
      ...optional('held by', run.held_by),
      ...optional('before', run.symptom_before?.text),
      ...optional('after', run.symptom_after?.text),
      ...optional('outcome', run.outcome === null ? null : `${run.outcome}: ${run.reason ?? ''}`),
      ...optional('undo', run.undo === null ? null : `${run.undo}${run.undo_error === null ? '' : `: ${run.undo_error}`}`),
      field('plan', ''),
      ...run.plan.map(({ text }) => `  ${printable(text)}`),
      field('steps', ''),
      ...steps.map(
        ({ at, by, note, state }) =>
          `  ${new Date(at).toISOString()}  ${state}${by === null ? '' : ` by ${printable(by)}`}${note === null ? '' : `: ${printable(note)}`}`,
      ),
    ].join('\n'),
  );
}

/** By its id, or the beginning of it. */
async function findRun(database: FleetAccess['database'], id: string): Promise<Run> {
  if (!/^[0-9a-f-]{4,36}$/.test(id)) throw noRun(id);
  const { rows } = await database.query<{ run_id: string }>(sql`
    select run_id from muster.recovery_runs where run_id::text like ${`${id}%`} limit 2`);
  if (rows.length > 1) throw new MusterError('USAGE', `Several healing runs begin with ${id}`, { remedy: 'Write more of the id.' });
  if (rows[0] === undefined) throw noRun(id);
  return requireRun(database, rows[0].run_id);
}

const noRun = (id: string): MusterError =>
  new MusterError('NOT_FOUND', `healing run ${id} does not exist`, { remedy: 'See `muster recovery runs`.' });

export async function actions(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ database }) => {
    const [found, settings] = await Promise.all([listActions(database), getSettings(database)]);
    output.result({ items: found.map(actionView), settings: settingsView(settings) }, () =>
      found.length === 0
        ? 'No healing actions yet: the self-healing agent declares them when it starts.'
        : [
            ...(settings.halted_at === null
              ? []
              : [output.colors.red(`All healing was halted by ${settings.halted_by ?? 'somebody'}: \`muster recovery resume\``), '']),
            drawTable(
              [
                { title: 'ACTION' },
                { title: 'MODE' },
                { title: 'AT MOST' },
                { title: 'EFFECTIVE' },
                { title: 'WHAT IT DOES', shrinkTo: 20 },
              ],
              found.map((action) => {
                const { modes, title } = actionView(action);
                const distinct = [...new Set(Object.values(modes))];
                const mode =
                  distinct.length === 1
                    ? (distinct[0] ?? '')
                    : Object.entries(modes)
                        .map(([level, at]) => `${level}=${at}`)
                        .join(' ');
                return [
                  action.name,
                  action.stopped_at === null ? mode : output.colors.red('stopped'),
                  action.ceiling,
                  successText(action),
                  printable(action.stopped_reason ?? title),
                ];
              }),
              output.columns,
              output.colors.dim,
            ),
          ].join('\n'),
    );
  });
}

interface LevelOption {
  readonly level: Level;
}

/** `recovery dry-run`. */
export async function rehearse(invocation: Invocation, { level }: LevelOption, action: string, target: string): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ config, database }) => {
    const shown = await dryRun(database, await codeOfActions(config), action, target, level);
    output.result({ ...shown }, () =>
      [
        ...(shown.refused === null ? [] : [output.colors.yellow(`It would be refused: ${shown.refused}`)]),
        ...shown.targets.flatMap((one) => [
          `${output.colors.bold(printable(one.target))}  ${one.symptom === null ? '' : printable(one.symptom.text)}`,
          ...one.plan.map(({ lock_timeout_ms: lock, statement_timeout_ms: statement, text }) =>
            [
              `  ${printable(text)}`,
              ...(lock === undefined ? [] : [output.colors.dim(`  (lock_timeout ${lock} ms, statement_timeout ${statement} ms)`)]),
            ].join('\n'),
          ),
          output.colors.dim(`  ${one.held_by === null ? 'It would run by itself.' : `Held back: ${one.held_by}.`} Undo: ${shown.undo}.`),
        ]),
      ].join('\n'),
    );
  });
}

/** With the modules of the user's own and monitoring.yml, as the hosts have them. */
async function codeOfActions(config: FleetAccess['config']): Promise<FindAction> {
  const { loadModules } = await import('../runtime/parts.ts');
  return findIn(declaredActions(await loadModules(config), config.monitoring.actions));
}

export async function suggest(
  invocation: Invocation,
  options: LevelOption & { readonly because: string },
  action: string,
  target: string,
): Promise<void> {
  const { output } = invocation;
  await decided(invocation, async ({ config, database }) => {
    const made = await proposeByHand(database, await codeOfActions(config), {
      action,
      target,
      ...options,
      by: BY,
      idempotencyKey: randomUUID(),
    });
    output.result({ items: made.map(runView) }, () =>
      made.map((run) => `${run.run_id}  ${printable(run.target)}  ${run.state}`).join('\n'),
    );
  });
}

export async function agree(invocation: Invocation, _options: unknown, id: string): Promise<void> {
  await decided(invocation, async ({ database }) => {
    await printRun(invocation, database, await approve(database, (await findRun(database, id)).run_id, BY));
  });
}

export async function refuse(invocation: Invocation, { reason }: { readonly reason: string }, id: string): Promise<void> {
  await decided(invocation, async ({ database }) => {
    await printRun(invocation, database, await reject(database, (await findRun(database, id)).run_id, BY, reason));
  });
}

export async function undo(invocation: Invocation, _options: unknown, id: string): Promise<void> {
  await decided(invocation, async ({ database }) => {
    await printRun(invocation, database, await requestUndo(database, (await findRun(database, id)).run_id, BY));
  });
}

export async function mode(
  invocation: Invocation,
  { level }: { readonly level: Level | 'any' },
  action: string,
  to: string,
): Promise<void> {
  if (!MODES.includes(to as Mode))
    throw new MusterError('USAGE', `There is no mode "${to}"`, { remedy: `Use one of: ${MODES.join(', ')}.` });
  await decided(invocation, async ({ database }) => {
    const row = await setMode(database, action, to as Mode, level, BY);
    invocation.output.result(actionView(row), () => `${action} is set to ${to}${level === 'any' ? '' : ` for alerts of level ${level}`}.`);
  });
}

export async function goOn(invocation: Invocation, _options: unknown, action: string | undefined): Promise<void> {
  const { output } = invocation;
  await decided(invocation, async ({ database }) => {
    if (action === undefined) {
      output.result(settingsView(await changeSettings(database, { halted: false }, BY)), () => 'Healing goes on.');
      return;
    }
    output.result(actionView(await resume(database, action, BY)), () => `${action} may be tried again.`);
  });
}

export async function halt(invocation: Invocation): Promise<void> {
  await decided(invocation, async ({ database }) => {
    invocation.output.result(
      settingsView(await changeSettings(database, { halted: true }, BY)),
      () => 'Nothing more is started until `muster recovery resume`.',
    );
  });
}
