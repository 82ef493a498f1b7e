import { MusterError } from '../../base/errors.ts';
import {
  findProject,
  getRun,
  lastRuns,
  listProjects,
  listRefused,
  listRunsOf,
  projectView,
  refusedView,
  runFields,
  runsOfTrace,
  treeOf,
  withTexts,
  type ProjectRecord,
  type RunRecord,
} from '../../modules/traces/reads/index.ts';
import { isRunType, RUN_STATUSES, RUN_TYPES, type RunStatus, type RunType } from '../../modules/traces/run/run-type.ts';
import type { Invocation } from '../invocation.ts';
import type { Colors } from '../output.ts';
import { momentOf } from '../moment.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { drawTable, printable } from '../table.ts';
import { ago } from '../wording.ts';

const MOST_NODES = 2_000;
const PREVIEW = 2_000;

interface ListOptions {
  readonly project?: string;
  readonly filter?: string;
  readonly status?: string;
  readonly type?: string;
  readonly search?: string;
  readonly since?: string;
  readonly roots?: boolean;
  readonly last: number;
}

export async function list(invocation: Invocation, options: ListOptions): Promise<void> {
  const { output } = invocation;
  const [status, runType] = [statusOf(options.status), typeOf(options.type)];
  await withFleet(invocation, async ({ database, now }) => {
    const at = await now();
    const projects = options.project === undefined ? await listProjects(database, null) : [await projectNamed(database, options.project)];
    const runs = await listRunsOf(database, {
      projects: projects.map(({ projectNo }) => projectNo),
      filters: { filter: options.filter, status, runType, isRoot: options.roots === true ? true : undefined },
      words: options.search,
      from: options.since === undefined ? undefined : momentOf(options.since, at) * 1_000,
      limit: options.last,
    });
    const projectOf = new Map(projects.map((project) => [project.projectNo, project]));
    const known = runs.flatMap((run) => {
      const project = projectOf.get(run.projectNo);
      return project === undefined ? [] : [{ run, project }];
    });
    output.result({ items: known.map(({ run, project }) => runFields(run, project)) }, () =>
      known.length === 0
        ? 'No runs. Set LANGSMITH_ENDPOINT of an application to this server, with /langsmith behind it, and LANGSMITH_TRACING=true.'
        : drawTable(
            [
              { title: 'RUN' },
              { title: 'PROJECT', shrinkTo: 8 },
              { title: 'NAME', shrinkTo: 10 },
              { title: 'TYPE' },
              { title: 'STATUS' },
              { title: 'BEGAN', align: 'right' },
              { title: 'TOOK', align: 'right' },
              { title: 'TOKENS', align: 'right' },
              { title: 'COST', align: 'right' },
            ],
            known.map(({ run, project }) => [
              run.runId,
              printable(project.name),
              printable(run.name ?? ''),
              run.runType,
              statusMark(run.status, output.colors),
              ago(run.startTime / 1_000, at),
              took(run),
              run.totalTokens === null ? '-' : String(run.totalTokens),
              cost(run.totalCost),
            ]),
            output.columns,
            output.colors.dim,
          ),
    );
  });
}

/** A run with the tree of its trace. */
export async function show(invocation: Invocation, _options: unknown, runId: string): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ database }) => {
    const id = runId.toLowerCase();
    const run = UUID.test(id) ? await getRun(database, id, null) : undefined;
    const project =
      run === undefined ? undefined : (await listProjects(database, null)).find(({ projectNo }) => projectNo === run.projectNo);
    if (run === undefined || project === undefined)
      throw new MusterError('NOT_FOUND', `There is no run "${printable(runId)}"`, {
        remedy: 'Run `muster traces list` for those there are.',
      });
    const [whole] = await withTexts(database, [run], ['inputs', 'outputs', 'error', 'extra']);
    const nodes = treeOf(await runsOfTrace(database, run.traceId, null, MOST_NODES));
    const tree = nodes.map(({ run: one, depth, isOrphan }) => ({ ...runFields(one, project), depth, is_orphan: isOrphan }));
    output.result({ ...runFields(run, project), ...whole?.texts, tree }, () => {
      const { colors } = output;
      const part = (title: string, text: string | null | undefined): readonly string[] =>
        text === null || text === undefined
          ? []
          : ['', colors.dim(title), printable(text.slice(0, PREVIEW)) + (text.length > PREVIEW ? ' …' : '')];
      return [
        `${colors.bold(printable(run.name ?? run.runType))}  ${statusMark(run.status, colors)}  ${colors.dim(`${printable(project.name)} · ${run.runId}`)}`,
        '',
        ...nodes.map(
          ({ run: one, depth }) =>
            `${'  '.repeat(Math.min(depth, 30))}${one.runId === run.runId ? colors.bold('▸ ') : '· '}${printable(one.name ?? one.runType)} ${colors.dim(
              [
                one.runType,
                one.model === null ? '' : printable(one.model),
                took(one),
                one.totalTokens === null ? '' : `${one.totalTokens} tokens`,
                one.totalCost === null ? '' : cost(one.totalCost),
              ]
                .filter((text) => text !== '')
                .join(' · '),
            )}${one.status === 'success' ? '' : ` ${statusMark(one.status, colors)}`}`,
        ),
        ...part('inputs', whole?.texts.inputs),
        ...part('outputs', whole?.texts.outputs),
        ...part('error', whole?.texts.error),
      ].join('\n');
    });
  });
}

export async function projects(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ database, now }) => {
    const [found, at] = [await listProjects(database, null), await now()];
    const last = await lastRuns(
      database,
      found.map(({ projectNo }) => projectNo),
    );
    output.result({ items: found.map((project) => projectView(project, last.get(project.projectNo))) }, () =>
      found.length === 0
        ? 'No projects. One is made with its first run.'
        : drawTable(
            [{ title: 'PROJECT', shrinkTo: 12 }, { title: 'ID' }, { title: 'LAST RUN', align: 'right' }, { title: 'MADE', align: 'right' }],
            found.map((project) => [
              printable(project.name),
              project.projectId,
              ago(milliseconds(last.get(project.projectNo)), at),
              ago(project.createdAt / 1_000, at),
            ]),
            output.columns,
            output.colors.dim,
          ),
    );
  });
}

export async function quarantine(invocation: Invocation, { last }: { readonly last: number }): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ database, now }) => {
    const [found, at] = [await listRefused(database, null, {}, { limit: last }), await now()];
    output.result({ items: found.map(refusedView) }, () =>
      found.length === 0
        ? 'Nothing was refused.'
        : drawTable(
            [
              { title: 'NO', align: 'right' },
              { title: 'CAME', align: 'right' },
              { title: 'BY' },
              { title: 'PROJECT', shrinkTo: 8 },
              { title: 'REASON' },
              { title: 'WHY', shrinkTo: 20 },
            ],
            found.map((one) => [
              String(one.no),
              ago(one.receivedAt / 1_000, at),
              one.source,
              printable(one.project ?? ''),
              printable(one.reason),
              printable(one.message),
            ]),
            output.columns,
            output.colors.dim,
          ),
    );
  });
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

async function projectNamed(database: Parameters<typeof findProject>[0], name: string): Promise<ProjectRecord> {
  const project = await findProject(database, name, null);
  if (project !== undefined) return project;
  throw new MusterError('NOT_FOUND', `There is no project "${printable(name)}"`, {
    remedy: 'Run `muster traces projects` for those there are.',
  });
}

function statusOf(text: string | undefined): RunStatus | undefined {
  const status = RUN_STATUSES.find((known) => known === text);
  if (text === undefined || status !== undefined) return status;
  throw new MusterError('USAGE', `There is no status "${printable(text)}"`, { remedy: `Use one of ${RUN_STATUSES.join(', ')}.` });
}

function typeOf(text: string | undefined): RunType | undefined {
  if (text === undefined || isRunType(text)) return text;
  throw new MusterError('USAGE', `There is no type of run "${printable(text)}"`, { remedy: `Use one of ${RUN_TYPES.join(', ')}.` });
}

const milliseconds = (micros: number | undefined): number | null => (micros === undefined ? null : micros / 1_000);
const took = ({ startTime, endTime }: RunRecord): string =>
  endTime === null
    ? '-'
    : endTime - startTime < 1e7
      ? `${Math.round((endTime - startTime) / 1e3)} ms`
      : `${Math.round((endTime - startTime) / 1e6)} s`;
const cost = (usd: string | null): string => (usd === null ? '-' : `$${Number(usd).toPrecision(3)}`);

function statusMark(status: RunStatus, colors: Colors): string {
  return { success: colors.green, error: colors.red, pending: colors.cyan }[status](status);
}
