import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { MusterError } from '../../base/errors.ts';
import type { Api } from '../../http/api.ts';
import { decodeCursor, pageOf as cut } from '../../http/cursor.ts';
import { allows } from '../../http/permissions.ts';
import { principalOf, type Principal } from '../../http/principal.ts';
import { CursorText, Limit, pageOf, problems, text } from '../../http/schemas.ts';
import type { ModuleServices } from '../module.ts';
import { changeSettings, getAction, getSettings, listActions, resume, setMode } from './catalogue.ts';
import {
  approve,
  dryRun,
  listRuns,
  placeOf,
  proposeByHand,
  reject,
  requestUndo,
  requireRun,
  stepsOf,
  type FindAction,
} from './requests.ts';
import { RECOVERY_TOPIC, RUN_STATES } from './runs.ts';
import {
  ActionParams,
  actionView,
  ActionView,
  DryRunBody,
  DryRunView,
  ModeBody,
  ProposalBody,
  RejectBody,
  RunParams,
  runView,
  RunView,
  RunWithSteps,
  runWithSteps,
  SettingsBody,
  settingsView,
  SettingsView,
} from './schemas.ts';

const TAG = ['recovery'];
const LIST = 'recovery-runs';
/** Of these a cursor is made: anything else was edited. */
const PLACE = /^\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?[+-]\d\d(:\d\d)? \/ [0-9a-f-]{36}$/;

export function addRecoveryRoutes(app: Api, { state, wake }: ModuleServices, find: FindAction): void {
  const { database } = state;

  app.get(
    '/recovery/actions',
    {
      config: { permission: 'recovery:read' },
      schema: { tags: TAG, summary: 'List healing actions', response: { 200: pageOf(ActionView), ...problems() } },
    },
    async () => ({ items: (await listActions(database)).map(actionView), next_cursor: null }),
  );

  app.get(
    '/recovery/actions/:name',
    {
      config: { permission: 'recovery:read' },
      schema: { tags: TAG, summary: 'Show a healing action', params: ActionParams, response: { 200: ActionView, ...problems(404) } },
    },
    async (request) => actionView(await getAction(database, request.params.name)),
  );

  app.post(
    '/recovery/actions/:name/mode',
    {
      config: { permission: 'recovery:manage' },
      schema: {
        tags: TAG,
        summary: 'Set how far a healing action may go by itself',
        description: 'off, suggest, approve or auto; for alerts of one level, or of any. Never above the ceiling of the action.',
        params: ActionParams,
        body: ModeBody,
        response: { 200: ActionView, ...problems(404, 409) },
      },
    },
    async (request) => {
      const { level, mode } = request.body;
      const row = await setMode(database, request.params.name, mode, level, principalOf(request).subject);
      wake.hint(RECOVERY_TOPIC);
      return actionView(row);
    },
  );

  app.post(
    '/recovery/actions/:name/resume',
    {
      config: { permission: 'recovery:manage' },
      schema: {
        tags: TAG,
        summary: 'Let an action go on that was stopped because it did not help',
        params: ActionParams,
        response: { 200: ActionView, ...problems(404) },
      },
    },
    async (request) => {
      const row = await resume(database, request.params.name, principalOf(request).subject);
      wake.hint(RECOVERY_TOPIC);
      return actionView(row);
    },
  );

  app.post(
    '/recovery/actions/:name/dry-run',
    {
      config: { permission: 'recovery:write' },
      schema: {
        tags: TAG,
        summary: 'Show what an action would do',
        description:
          'The exact statements and commands for a target, its symptom as it is measured now, and the rail that would hold it back. Nothing is done.',
        params: ActionParams,
        body: DryRunBody,
        response: { 200: DryRunView, ...problems(404, 409) },
      },
    },
    async (request) => {
      const { level, target } = request.body;
      const shown = await dryRun(database, find, request.params.name, target, level);
      return { ...shown, targets: shown.targets.map((one) => ({ ...one, plan: one.plan.map((step) => ({ ...step })) })) };
    },
  );

  app.get(
    '/recovery/runs',
    {
      config: { permission: 'recovery:read' },
      schema: {
        tags: TAG,
        summary: 'List healing runs, newest first',
        querystring: z.strictObject({
          state: z.enum(RUN_STATES).optional(),
          action: text(1, 100).optional(),
          target: text(1, 500).optional(),
          alert_id: z.guid().optional(),
          limit: Limit,
          cursor: CursorText.optional(),
        }),
        response: { 200: pageOf(RunView), ...problems() },
      },
    },
    async (request) => {
      const { action, alert_id: alertId, cursor, limit, state: runState, target } = request.query;
      const after = decodeCursor(LIST, cursor);
      if (after !== undefined && !PLACE.test(after)) throw new MusterError('BAD_CURSOR', 'the cursor does not belong to this list');
      const runs = await listRuns(database, { action, alertId, state: runState, target }, { limit: limit + 1, after });
      const page = cut(LIST, runs, limit, placeOf);
      return { items: page.items.map(runView), next_cursor: page.nextCursor };
    },
  );

  app.post(
    '/recovery/runs',
    {
      config: { permission: 'recovery:write' },
      schema: {
        tags: TAG,
        summary: 'Propose a healing run by hand',
        description:
          'For each target that is found. It goes the way of every proposal: mode, approval and limits hold. Idempotency-Key makes the same request the same runs.',
        body: ProposalBody,
        response: { 201: pageOf(RunView), ...problems(404, 409) },
      },
    },
    async (request, reply) => {
      const key = request.headers['idempotency-key'];
      const runs = await proposeByHand(database, find, {
        ...request.body,
        by: principalOf(request).subject,
        idempotencyKey: typeof key === 'string' && /^[\x21-\x7e]{1,200}$/.test(key) ? key : randomUUID(),
      });
      wake.hint(RECOVERY_TOPIC);
      return reply.code(201).send({ items: runs.map(runView), next_cursor: null });
    },
  );

  app.get(
    '/recovery/runs/:run_id',
    {
      config: { permission: 'recovery:read' },
      schema: {
        tags: TAG,
        summary: 'Show a healing run, step by step',
        params: RunParams,
        response: { 200: RunWithSteps, ...problems(404) },
      },
    },
    async (request) => shown(request.params.run_id),
  );

  app.post(
    '/recovery/runs/:run_id/approve',
    {
      config: { permission: 'recovery:write' },
      schema: {
        tags: TAG,
        summary: 'Approve a proposed run',
        description: 'Some actions ask for the role administrator: `approver` of the action says so.',
        params: RunParams,
        response: { 200: RunWithSteps, ...problems(404, 409) },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      await requireApprover(principal, (await requireRun(database, request.params.run_id)).action);
      await approve(database, request.params.run_id, principal.subject);
      wake.hint(RECOVERY_TOPIC);
      return shown(request.params.run_id);
    },
  );

  app.post(
    '/recovery/runs/:run_id/reject',
    {
      config: { permission: 'recovery:write' },
      schema: {
        tags: TAG,
        summary: 'Reject a run that has not begun',
        params: RunParams,
        body: RejectBody,
        response: { 200: RunWithSteps, ...problems(404, 409) },
      },
    },
    async (request) => {
      await reject(database, request.params.run_id, principalOf(request).subject, request.body.reason);
      return shown(request.params.run_id);
    },
  );

  app.post(
    '/recovery/runs/:run_id/undo',
    {
      config: { permission: 'recovery:write' },
      schema: {
        tags: TAG,
        summary: 'Undo a run, by the undo its action declares',
        params: RunParams,
        response: { 202: RunWithSteps, ...problems(404, 409) },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      await requireApprover(principal, (await requireRun(database, request.params.run_id)).action);
      await requestUndo(database, request.params.run_id, principal.subject);
      wake.hint(RECOVERY_TOPIC);
      return reply.code(202).send(await shown(request.params.run_id));
    },
  );

  app.get(
    '/recovery/settings',
    {
      config: { permission: 'recovery:read' },
      schema: { tags: TAG, summary: 'Show the limits of all healing', response: { 200: SettingsView, ...problems() } },
    },
    async () => settingsView(await getSettings(database)),
  );

  app.patch(
    '/recovery/settings',
    {
      config: { permission: 'recovery:manage' },
      schema: {
        tags: TAG,
        summary: 'Change the limits of all healing, or halt it',
        body: SettingsBody,
        response: { 200: SettingsView, ...problems() },
      },
    },
    async (request) => settingsView(await changeSettings(database, request.body, principalOf(request).subject)),
  );

  const shown = async (runId: string) => runWithSteps(await requireRun(database, runId), await stepsOf(database, runId));

  const requireApprover = async (principal: Principal, action: string): Promise<void> => {
    const { approver } = await getAction(database, action);
    if (approver === 'administrator' && !allows(principal, 'recovery:manage'))
      throw new MusterError('FORBIDDEN', `${action} may be approved by an administrator alone`);
  };
}
