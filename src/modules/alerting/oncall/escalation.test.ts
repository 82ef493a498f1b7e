import { describe, expect, it } from 'vitest';
import { anAlert } from '../alerts/testing.ts';
import type { Alert } from '../alerts/alert.ts';
import { escalate } from './escalate.ts';
import { afterStep, follow, type Escalation, type FollowSettings } from './escalation.ts';
import { policyDocument, type PolicyDocument } from './policy.ts';
import { reachOf, type Roster } from './roster.ts';
import { personDocument, scheduleDocument } from './schedule.ts';

const MINUTE = 60_000;
const policy = (more: object = {}): PolicyDocument =>
  policyDocument.parse({
    name: 'p',
    default: true,
    steps: [
      { wait: '5m', notify: ['person:kim'] },
      { wait: '10m', notify: ['channel:ops', 'person:lee', 'person:kim'], rotate: true },
    ],
    repeat: 1,
    ...more,
  });
const settings = (...policies: readonly PolicyDocument[]): FollowSettings => ({
  policies: new Map(policies.map((each) => [each.name, each])),
  byRule: new Map(),
  newId: () => 'e1',
  turnOf: () => 0,
});
const told = (more: Partial<Alert> = {}): Alert => anAlert({ toldOn: ['ops'], toldLevel: 'critical', ...more });
const roster: Roster = {
  people: new Map(['kim', 'lee'].map((name) => [name, personDocument.parse({ name, channels: [`${name}-phone`] })])),
  schedules: new Map([
    [
      'evenings',
      {
        document: scheduleDocument.parse({
          name: 'evenings',
          layers: [{ name: 'l', people: ['kim'], starts_at: '1970-01-01T00:00', restrictions: [{ from: '18:00', to: '23:00' }] }],
        }),
        calendar: [],
        overrides: [],
      },
    ],
  ]),
};

/** Looks once at `now`, takes what is due, and gives what stands in the table after that. */
function look(alerts: readonly Alert[], open: readonly Escalation[], now: number, by: FollowSettings = settings(policy())) {
  const { changed, due } = follow(alerts, open, now, by);
  const taken = due.map((step) => ({ step, after: afterStep(step, now, reachOf(step.targets, roster, now).channels.size > 0) }));
  const after = new Map([...open, ...changed, ...taken.map((each) => each.after)].map((each) => [each.escalationId, each]));
  return { open: [...after.values()], told: due.flatMap(({ targets }) => targets.map(({ name }) => name)) };
}

describe('an escalation', () => {
  it('waits, tells, rotates and repeats, and is exhausted after that', () => {
    let open: readonly Escalation[] = [];
    const steps: [number, readonly string[]][] = [];
    for (let minute = 0; minute <= 60; minute++) {
      const made = look([told()], open, minute * MINUTE);
      open = made.open;
      if (made.told.length > 0) steps.push([minute, made.told]);
    }
    expect(steps).toEqual([
      [5, ['kim']],
      [15, ['ops']],
      [20, ['kim']],
      [30, ['lee']],
    ]);
    expect(open).toMatchObject([{ state: 'exhausted', taken: 4, dueAt: null }]);
  });

  it('begins where the escalation before it left off, with steps that rotate', () => {
    const rotating = policy({ steps: [{ wait: '0s', notify: ['person:kim', 'person:lee'], rotate: true }], repeat: 0 });
    const turns = [0, 1, 2].map((turn) => look([told()], [], 0, { ...settings(rotating), turnOf: () => turn }).told);
    expect(turns).toEqual([['kim'], ['lee'], ['kim']]);
  });

  it('takes a step once that was missed for hours, and counts the next wait from then', () => {
    const { open } = look([told()], [], 0);
    const late = look([told()], open, 300 * MINUTE);
    expect(late.told).toEqual(['kim']);
    expect(late.open).toMatchObject([{ step: 1, dueAt: 310 * MINUTE }]);
    expect(look([told()], late.open, 301 * MINUTE).told).toEqual([]);
  });

  it('is held while somebody has the alert, and begins anew when nobody has it any more', () => {
    const { open } = look([told()], [], 0);
    const held = look([told({ acknowledgedBy: 'kim' })], open, 6 * MINUTE);
    expect([held.told, held.open]).toMatchObject([[], [{ state: 'acknowledged', dueAt: null }]]);
    const again = look([told()], held.open, 60 * MINUTE);
    expect(again.open).toMatchObject([{ state: 'waiting', step: 0, dueAt: 65 * MINUTE }]);
    expect(look([told()], again.open, 65 * MINUTE).told).toEqual(['kim']);
  });

  it('is quiet as long as the alert is, and over with it', () => {
    const { open } = look([told()], [], 0);
    const silence = { kind: 'silence', id: 's', reason: 'upgrade', until: null } as const;
    expect(look([told({ suppression: silence })], open, 6 * MINUTE).open).toMatchObject([{ state: 'quiet' }]);
    const over = look([], open, 6 * MINUTE).open;
    expect(over).toMatchObject([{ state: 'resolved', dueAt: null }]);
    // Another alert of the incident that is still open.
    expect(look([told({ alertId: 'a2' })], over, 7 * MINUTE).open).toMatchObject([{ state: 'waiting', step: 0, dueAt: 12 * MINUTE }]);
  });

  it('begins anew where it gets worse, also after its last step', () => {
    const exhausted: Escalation = {
      escalationId: 'e1',
      incidentId: 'i1',
      policy: 'p',
      byHand: false,
      state: 'exhausted',
      level: 'critical',
      step: 1,
      round: 1,
      turn: 0,
      taken: 4,
      startedAt: 0,
      dueAt: null,
    };
    expect(look([told()], [exhausted], MINUTE).open).toEqual([exhausted]);
    expect(look([told({ level: 'emergency' })], [exhausted], MINUTE).open).toMatchObject([
      { state: 'waiting', level: 'emergency', step: 0, round: 0, dueAt: 6 * MINUTE, taken: 4 },
    ]);
  });

  it('is one for an incident: what joined it is in the hands of whoever has what was told', () => {
    const joined = anAlert({ alertId: 'a2', toldLevel: 'critical', toldOn: [] });
    expect(look([told({ acknowledgedBy: 'kim' }), joined], [], 0).open).toEqual([]);
    expect(look([told(), joined], [], 0).open).toHaveLength(1);
    // A rule that tells nobody by itself is told by its policy.
    expect(look([anAlert({ channels: [] })], [], 0).open).toHaveLength(1);
  });

  it('goes by the label, then the rule, then the default, and leaves other levels alone', () => {
    const others = [policy({ name: 'label', default: false }), policy({ name: 'rule', default: false }), policy()];
    const by = { ...settings(...others), byRule: new Map([['cpu', 'rule']]) };
    const policiesOf = (alert: Alert) => look([alert], [], 0, by).open.map((each) => each.policy);
    expect(policiesOf(told({ labels: { escalation: 'label' } }))).toEqual(['label']);
    expect(policiesOf(told())).toEqual(['rule']);
    expect(policiesOf(told({ rule: 'other' }))).toEqual(['p']);
    expect(policiesOf(told({ level: 'warning' }))).toEqual([]);
    expect(policiesOf(told({ labels: { escalation: 'gone' } }))).toEqual([]);
  });

  it('ends where its policy was deleted', () => {
    const { open } = look([told()], [], 0);
    expect(look([told()], open, MINUTE, settings()).open).toMatchObject([{ state: 'resolved' }]);
  });
});

describe('a step', () => {
  const gap = policy({
    steps: [
      { wait: '0s', notify: ['schedule:evenings'] },
      { wait: '10m', notify: ['channel:ops'] },
    ],
    repeat: 0,
  });

  it('that finds nobody on call leaves no wait behind it, and says so', () => {
    const noon = 12 * 60 * MINUTE;
    const first = look([told()], [], noon, settings(gap));
    expect(first.open).toMatchObject([{ step: 1, dueAt: noon }]);
    expect(look([told()], first.open, noon, settings(gap)).told).toEqual(['ops']);
    const { due } = follow([told()], [], noon, settings(gap));
    const { notifications, transitions } = escalate(due, roster, { firing: [told()], incidents: new Map(), now: noon });
    expect([notifications, transitions[0]?.note]).toEqual([[], 'policy p, step 1 of 2: nobody told; nobody is on call in evenings']);
  });

  it('tells who is on call on all their channels, each once, and they are told of the end too', () => {
    const evening = 19 * 60 * MINUTE;
    const { due } = follow([told()], [], evening, settings(gap));
    const incident = {
      incidentId: 'i1',
      cause: 'agent:a1',
      title: 'cpu',
      state: 'open',
      level: 'critical',
      startedAt: 0,
      detectedAt: 0,
      resolvedAt: null,
      alerts: 1,
      updateAt: null,
    } as const;
    const made = escalate(due, roster, { firing: [told()], incidents: new Map([['i1', incident]]), now: evening });
    expect(made.notifications).toMatchObject([{ channel: 'kim-phone', kind: 'escalated', alertId: 'a1', seq: 1, step: 1 }]);
    expect(made.alerts).toMatchObject([{ toldOn: ['ops', 'kim-phone'], seq: 1 }]);
    expect(made.transitions).toMatchObject([{ kind: 'escalated', seq: 1, note: 'policy p, step 1 of 2: told kim (kim-phone)' }]);
  });
});
