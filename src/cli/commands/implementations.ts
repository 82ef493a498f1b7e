import { resolve } from 'node:path';
import { MusterError } from '../../base/errors.ts';
import { nearest } from '../../config/nearest.ts';
import { registerImplementation, type Registration } from '../../fleet/index.ts';
import type { ImplementationRecord } from '../../state/implementations.ts';
import type { SharedState } from '../../state/shared-state.ts';
import { toDocument } from '../documents.ts';
import type { Invocation } from '../invocation.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { drawTable, printable } from '../table.ts';
import { ago, plural } from '../wording.ts';

const MOST = 1_000;

export async function list(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ state, now }) => {
    const [versions, at] = await Promise.all([state.implementations.list({ limit: MOST }), now()]);
    const current = versions.filter((version) => version.current);
    const slotsOf = (name: string): string =>
      versions
        .filter((version) => version.name === name)
        .flatMap((version) => version.slots)
        .join(', ');
    output.result({ items: versions.map((version) => toDocument(version)) }, () =>
      current.length === 0
        ? 'No implementations. `muster agents new <name>` writes an agent file, `muster implementations add <file>` registers it.'
        : drawTable(
            [
              { title: 'NAME' },
              { title: 'VERSION' },
              { title: 'RUNS' },
              { title: 'SLOTS', shrinkTo: 10 },
              { title: 'REGISTERED', align: 'right' },
              { title: 'WHAT IT DOES', shrinkTo: 20 },
            ],
            current.map(({ name, hash, manifest, registeredAt }) => [
              name,
              hash.slice(0, 12),
              printable(manifest.schedule ?? 'when told to'),
              slotsOf(name) === '' ? output.colors.dim('none') : slotsOf(name),
              ago(registeredAt, at),
              printable(manifest.description),
            ]),
            output.columns,
            output.colors.dim,
          ),
    );
  });
}

export async function show(invocation: Invocation, options: { code?: boolean }, named: string): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ state, now }) => {
    const shown = await requireImplementation(state, named);
    if (options.code === true) {
      const code = (await state.implementations.code(shown.hash)) ?? '';
      output.result({ ...toDocument(shown), code }, () => code.trimEnd());
      return;
    }
    const [versions, at] = await Promise.all([state.implementations.list({ limit: MOST, name: shown.name }), now()]);
    output.result({ ...toDocument(shown), versions: versions.map((version) => toDocument(version)) }, () => {
      const { manifest } = shown;
      const field = (name: string, value: string): string => `${output.colors.dim(name.padEnd(14))}${value}`;
      return [
        output.colors.bold(`${shown.name}@${shown.hash.slice(0, 12)}`),
        field('agent', `${printable(manifest.name)} (type ${printable(manifest.agentType)})`),
        field('does', printable(manifest.description)),
        field('runs', printable(manifest.schedule ?? 'when told to')),
        field('configuration', manifest.takesConfig ? 'yes' : 'none'),
        ...Object.entries(manifest.capabilities).map(([name, what]) => field('can', `${printable(name)}: ${printable(what)}`)),
        field('code', `${shown.bytes} bytes; --code prints it`),
        '',
        drawTable(
          [{ title: 'VERSION' }, { title: 'REGISTERED', align: 'right' }, { title: 'BY' }, { title: 'SLOTS', shrinkTo: 10 }],
          versions.map((version) => [
            `${version.hash.slice(0, 12)}${version.current ? ' (current)' : ''}`,
            ago(version.registeredAt, at),
            printable(version.registeredBy),
            version.slots.join(', '),
          ]),
          output.columns,
          output.colors.dim,
        ),
      ].join('\n');
    });
  });
}

export async function add(invocation: Invocation, options: { name?: string }, file: string): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ state }) => {
    const added = await registerFile(state, resolve(file), { name: options.name });
    output.result(toDocument(added), () =>
      [
        `${added.name}@${added.hash.slice(0, 12)} is registered: ${printable(added.manifest.description)}`,
        added.slots.length > 0
          ? `${added.slots.join(', ')} ${added.slots.length === 1 ? 'changes' : 'change'} to it.`
          : output.colors.dim(`Let a slot run it: muster agents activate slot_custom_agent --implementation ${added.name}`),
      ].join('\n'),
    );
  });
}

export async function remove(invocation: Invocation, _options: unknown, named: string): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ state }) => {
    await requireImplementation(state, named);
    const removed = await state.implementations.remove(named);
    output.result({ implementation: named, versions_removed: removed }, () => `${named}: ${plural(removed, 'version')} forgotten.`);
  });
}

/** Bundles a file, examines it and registers it, in the name of whoever is at the terminal. */
export async function registerFile(
  state: SharedState,
  file: string,
  options: { readonly name: string | undefined; readonly config?: Registration['config'] },
): Promise<ImplementationRecord> {
  const { bundleFile } = await import('../../agent/code/index.ts');
  const by = `cli:${process.env['USER'] ?? process.env['LOGNAME'] ?? 'unknown'}`;
  return registerImplementation(state, await bundleFile(file), { ...options, by });
}

async function requireImplementation(state: SharedState, named: string): Promise<ImplementationRecord> {
  const found = await state.implementations.find(named);
  if (found !== undefined) return found;
  const names = [...new Set((await state.implementations.list({ limit: MOST })).map(({ name }) => name))];
  const meant = nearest(named, names);
  throw new MusterError('NOT_FOUND', `There is no implementation "${printable(named)}"`, {
    remedy: meant === undefined ? 'Run `muster implementations list` for those there are.' : `Did you mean ${meant}?`,
  });
}
