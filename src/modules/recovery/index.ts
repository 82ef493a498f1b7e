import type { DeclaredAction } from '../../config/recovery-actions.ts';
import { MusterError } from '../../base/errors.ts';
import type { Module } from '../module.ts';
import type { RecoveryAction } from './action.ts';
import { SHIPPED_ACTIONS } from './actions/index.ts';
import { healingAgent } from './agent.ts';
import type { Declared } from './catalogue.ts';
import { fromDeclaration } from './declared.ts';
import { addRecoveryRoutes } from './routes.ts';

const shipped: readonly Declared[] = SHIPPED_ACTIONS.map((action) => ({ action, source: 'shipped' }));

/** Cures what alerts tell of, within rails that stand in the database. */
function moduleOf(declared: readonly Declared[]): Module {
  return {
    name: 'recovery',
    migrations: new URL('./migrations/', import.meta.url),
    agentTypes: [healingAgent(declared)],
    // The id self_healing_agent belongs to one of the eight slots.
    defaultAgents: [{ agentId: 'self_healing', name: 'Self-healing', type: 'self_healing_agent' }],
    routes: (app, services) => addRecoveryRoutes(app, services, findIn(declared)),
  };
}

export const recoveryModule: Module = moduleOf(shipped);

/** The actions there are: shipped, of the modules, and of monitoring.yml. Throws ACTION_INVALID where a name is there twice. */
export function declaredActions(modules: readonly Module[], file: readonly DeclaredAction[]): readonly Declared[] {
  const all: readonly Declared[] = [
    ...shipped,
    ...modules.flatMap(({ recoveryActions = [] }) => recoveryActions.map((action) => ({ action, source: 'module' as const }))),
    ...file.map((declaration) => ({ action: fromDeclaration(declaration), source: 'file' as const })),
  ];
  const seen = new Set<string>();
  for (const { action } of all) {
    if (seen.has(action.name))
      throw new MusterError('ACTION_INVALID', `the healing action "${action.name}" is there twice`, {
        remedy: 'Give one of them another name.',
      });
    seen.add(action.name);
  }
  return all;
}

/** The modules, with a recovery module that knows the actions of all of them and of monitoring.yml. */
export function withRecovery(modules: readonly Module[], file: readonly DeclaredAction[]): readonly Module[] {
  if (file.length === 0 && modules.every(({ recoveryActions }) => recoveryActions === undefined)) return modules;
  const recovery = moduleOf(declaredActions(modules, file));
  return modules.map((module) => (module === recoveryModule ? recovery : module));
}

export const findIn =
  (declared: readonly Declared[]) =>
  (name: string): RecoveryAction | undefined =>
    declared.find(({ action }) => action.name === name)?.action;

export { changeSettings, getSettings, listActions, resume, setMode } from './catalogue.ts';
export { MODES, type Level, type Mode } from './mode.ts';
export { approve, dryRun, listRuns, proposeByHand, reject, requestUndo, requireRun, stepsOf } from './requests.ts';
export { actionView, runView, runWithSteps, settingsView, successText } from './schemas.ts';
