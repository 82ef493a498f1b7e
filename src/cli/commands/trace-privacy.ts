import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { EXIT, messageOf, MusterError } from '../../base/errors.ts';
import { exportedText, exportQuery, ExportSelection } from '../../modules/traces/export/routes.ts';
import {
  effective,
  projectSettings,
  SETTINGS_TOPIC,
  SettingsStore,
  traceSettings,
  type ProjectSettings,
  type TraceSettingsDocument,
} from '../../modules/traces/settings/index.ts';
import { erasureView, refuseShort } from '../../modules/traces/subjects/routes.ts';
import { Subjects } from '../../modules/traces/subjects/subjects.ts';
import type { SubjectKind } from '../../modules/traces/subjects/needles.ts';
import type { Subject } from '../../modules/traces/subjects/find.ts';
import { sql } from '../../db/sql.ts';
import { text } from '../../http/schemas.ts';
import type { Invocation } from '../invocation.ts';
import { parsed } from '../parsed.ts';
import { withFleet, type FleetAccess } from '../runtime/fleet-access.ts';
import { drawTable, printable } from '../table.ts';

interface SettingsOptions {
  readonly project?: string;
  readonly retention?: string;
  readonly sampling?: string;
  readonly budget?: string;
  readonly redact?: readonly string[];
  readonly leave?: readonly string[];
}

const ProjectName = text(1, 512);
const KINDS = ['secrets', 'environment', 'email', 'phone', 'iban', 'card'] as const;

/** Shows what is settled, and changes what the options name. */
export async function settings(invocation: Invocation, options: SettingsOptions): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ state, wake }) => {
    const store = new SettingsStore(state.database);
    const general = await store.general();
    const project = options.project === undefined ? undefined : await store.ofProject(options.project);
    const changes = changesOf(options, effective(general, project?.settings ?? {}));
    const changesSomething = Object.keys(changes).length > 0;
    if (options.project !== undefined && project === undefined && !changesSomething)
      throw new MusterError('NOT_FOUND', `project "${printable(options.project)}" does not exist`, {
        remedy: 'Its first run makes it, and so does an option that says what is to hold for it: --retention, --sampling, --redact, …',
      });
    if (changesSomething) {
      if (options.project === undefined) await store.setGeneral(traceSettings.parse({ ...general, ...changes }), 'cli');
      else {
        const own = projectSettings.parse({ ...project?.settings, ...changes });
        const { isNew } = await store.setProject(parsed(ProjectName, options.project), own);
        if (isNew)
          output.notice(
            output.colors.dim(`There was no project ${printable(options.project)}: it is made, and this holds from its first run on.`),
          );
      }
      wake.hint(SETTINGS_TOPIC);
    }
    const own = options.project === undefined ? undefined : await store.ofProject(options.project);
    const document = effective(await store.general(), own?.settings ?? {});
    output.result(own === undefined ? document : { project: own.name, own: own.settings, effective: document, keep: own.keep }, () =>
      drawTable(
        [{ title: 'SETTING' }, { title: 'VALUE', shrinkTo: 20 }],
        [
          ['retention', `${document.retention.days} days`],
          ['sampling', `${document.sampling.rate}${document.sampling.keep_errors ? ', and all errors' : ''}`],
          ['budget', document.budget.usd_per_hour === null ? 'none' : `${document.budget.usd_per_hour} USD an hour`],
          ['redacted', KINDS.filter((kind) => document.redaction[kind]).join(', ') || 'nothing'],
          ['own patterns', document.redaction.custom.map(({ name }) => name).join(', ') || 'none'],
        ],
        output.columns,
        output.colors.dim,
      ),
    );
  });
}

function changesOf(options: SettingsOptions, now: TraceSettingsDocument): ProjectSettings {
  const redaction: Record<string, unknown> = { ...now.redaction };
  for (const [kinds, on] of [
    [options.redact ?? [], true],
    [options.leave ?? [], false],
  ] as const)
    for (const kind of kinds) redaction[kind] = on;
  const given: Record<string, unknown> = {};
  if (options.retention !== undefined) given['retention'] = { days: Number(options.retention) };
  if (options.sampling !== undefined) given['sampling'] = { ...now.sampling, rate: Number(options.sampling) };
  if (options.budget !== undefined) given['budget'] = { usd_per_hour: options.budget === 'none' ? null : Number(options.budget) };
  if (options.redact !== undefined || options.leave !== undefined) given['redaction'] = redaction;
  return parsed(projectSettings, given);
}

interface ExportOptions {
  readonly project?: readonly string[];
  readonly format: 'ndjson' | 'csv';
  readonly from?: string;
  readonly to?: string;
  readonly filter?: string;
  readonly cursor?: string;
}

/** Runs on standard output, as they are read. */
export async function exportRuns(invocation: Invocation, { format, cursor, ...options }: ExportOptions): Promise<void> {
  await withFleet(invocation, async ({ state }) => {
    const selection = parsed(ExportSelection, options);
    const projects = selection.project === undefined ? null : await numbersOf(state.database, selection.project);
    await print(exportedText(state.database, exportQuery(selection, projects, cursor), format));
  });
}

interface SubjectOptions {
  readonly kind: SubjectKind;
  readonly project?: string;
}

/** What there is of somebody, on standard output. */
export async function exportSubject(invocation: Invocation, options: SubjectOptions, id: string): Promise<void> {
  await withFleet(invocation, async ({ state, wake }) => {
    await print(new Subjects(state, wake).export(await subjectOf(state.database, options, id)));
  });
}

interface EraseOptions extends SubjectOptions {
  readonly dryRun?: boolean;
  readonly verify?: boolean;
  readonly yes?: boolean;
}

/** Erases what there is of somebody; without --yes it only counts. */
export async function erase(invocation: Invocation, options: EraseOptions, id: string): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ state, wake }) => {
    const subjects = new Subjects(state, wake);
    const subject = await subjectOf(state.database, options, id);
    if (options.dryRun === true || options.yes !== true) {
      const rehearsed = await subjects.rehearse(subject);
      output.result({ dry_run: true, ...rehearsed }, () => `Would go: ${many(rehearsed.traces)}. ${rows(rehearsed.removed)}`);
      if (options.dryRun !== true) output.notice(output.colors.dim('Nothing was erased. Say --yes to erase it: it does not come back.'));
      return;
    }
    const erasure = await subjects.erase(subject, 'cli');
    const stillIn = options.verify === true ? await subjects.whereItStands(subject) : undefined;
    output.result(
      { ...erasureView(erasure), ...(stillIn === undefined ? {} : { still_in: stillIn }) },
      () =>
        `Erased ${many(erasure.traces.length)}. ${rows(erasure.removed)}${stillIn === undefined ? '' : `\nStill in: ${rows(stillIn) || 'no table'}`}`,
    );
    if (stillIn !== undefined && Object.keys(stillIn).length > 0) process.exitCode = EXIT.failure;
  });
}

/** The ledger of erasures. */
export async function erasures(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ state, wake }) => {
    const items = (await new Subjects(state, wake).ledger.list(1_000)).map(erasureView);
    output.result({ items }, () =>
      items.length === 0
        ? 'Nothing was erased.'
        : drawTable(
            [
              { title: 'WHEN' },
              { title: 'KIND' },
              { title: 'SUBJECT' },
              { title: 'BY' },
              { title: 'TRACES', align: 'right' },
              { title: 'ROWS', shrinkTo: 20 },
            ],
            items.map((item) => [
              item.finished_at ?? 'broken off',
              item.kind,
              item.subject,
              printable(item.requested_by),
              String(item.traces.length),
              rows(item.removed),
            ]),
            output.columns,
            output.colors.dim,
          ),
    );
  });
}

const Ledger = z.object({ items: z.array(z.object({ traces: z.array(z.guid()) })) });

/** Erases again what a ledger names: after a backup from before was restored. */
export async function reapply(invocation: Invocation, _options: unknown, file: string): Promise<void> {
  const { output } = invocation;
  const ledger = parsed(Ledger, await readJson(file));
  await withFleet(invocation, async ({ state, wake }) => {
    const traces = [...new Set(ledger.items.flatMap((item) => item.traces))];
    const erasure = await new Subjects(state, wake).reapply(traces, 'cli');
    output.result(erasureView(erasure), () => `Erased again, of ${many(traces.length)}: ${rows(erasure.removed) || 'nothing was there'}`);
  });
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new MusterError('USAGE', `${file} cannot be read: ${messageOf(cause)}`, {
      remedy: 'Name a file that `muster traces erasures --json` wrote.',
      cause,
    });
  }
}

async function numbersOf(database: FleetAccess['state']['database'], names: readonly string[]): Promise<readonly number[]> {
  const { rows: found } = await database.query<{ no: number }>(
    sql`select project_no as no from muster.trace_projects where name = any(${names}::text[])`,
  );
  if (found.length === 0) throw new MusterError('NOT_FOUND', `there is no project ${names.map(printable).join(', ')}`);
  return found.map(({ no }) => no);
}

async function subjectOf(database: FleetAccess['state']['database'], { kind, project }: SubjectOptions, value: string): Promise<Subject> {
  refuseShort(kind, value);
  return { kind, value, projects: project === undefined ? null : await numbersOf(database, [project]) };
}

/** Waits where whoever reads is slow; a pipe that is closed ends it. */
async function print(pieces: AsyncIterable<string>): Promise<void> {
  for await (const piece of pieces) if (!process.stdout.write(piece)) await once(process.stdout, 'drain');
}

const many = (traces: number): string => `${traces} trace${traces === 1 ? '' : 's'}`;

const rows = (removed: Readonly<Record<string, number>>): string =>
  Object.entries(removed)
    .map(([table, count]) => `${table} ${count}`)
    .join(', ');
