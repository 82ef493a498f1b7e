import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEVELS, type Level } from '../delivery/notification.ts';
import type { Alert, Suppression } from './alert.ts';
import { advance, type Moment, type Step } from './life-cycle.ts';
import { anAlert, aVerdict } from './testing.ts';

const at = (now: number, more: Partial<Moment> = {}): Moment => ({ now, suppression: null, groupWaitMs: 1_000, settleMs: 10_000, ...more });
const kinds = ({ transitions }: Step): readonly string[] => transitions.map(({ kind }) => kind);
const tells = (step: Step): readonly string[] => step.tells.map(({ tell }) => tell);
/** As the plan does: who was told is known from then on. */
const told = ({ alert, tells: said }: Step): Alert =>
  said.some(({ tell }) => tell !== 'resolved') ? { ...alert, toldOn: ['ops'] } : alert;
const silence: Suppression = { kind: 'silence', id: 's1', reason: 'work', until: 50_000 };

describe('an alert', () => {
  it('of a critical fault is told at once', () => {
    const step = advance(anAlert({ level: 'critical' }), at(1_000));
    expect([kinds(step), tells(step)]).toEqual([['firing'], ['firing']]);
  });

  it('of a warning waits for company, and is told at the end of its wait', () => {
    const first = advance(anAlert({ level: 'warning' }), at(1_000));
    expect([tells(first), first.alert.tellAt]).toEqual([[], 2_000]);
    expect(tells(advance(first.alert, at(1_999)))).toEqual([]);
    expect(tells(advance(first.alert, at(2_000)))).toEqual(['firing']);
  });

  it('that is over while it waits is told in order, not dropped', () => {
    const first = advance(anAlert({ level: 'warning' }), at(1_000));
    const step = advance(first.alert, at(1_500, { verdict: aVerdict({ state: 'ok', level: null, at: 1_500 }) }));
    expect(step.tells).toEqual([
      { tell: 'firing', seq: 1 },
      { tell: 'resolved', seq: 2 },
    ]);
  });

  it('that changes its level is told anew and acknowledged no more', () => {
    const first = told(advance(anAlert({ level: 'critical' }), at(1_000)));
    const taken = { ...first, acknowledgedBy: 'kim', acknowledgedAt: 1_100, acknowledgedUntil: 90_000 };
    const step = advance(taken, at(2_000, { verdict: aVerdict({ level: 'emergency' }) }));
    expect([kinds(step), tells(step), step.alert.acknowledgedBy]).toEqual([['level_changed'], ['firing'], null]);
  });

  it('stays open without data, and says so once', () => {
    const first = told(advance(anAlert({ level: 'critical' }), at(1_000)));
    const blind = advance(first, at(2_000, { verdict: aVerdict({ state: 'no_data', level: null }) }));
    expect([kinds(blind), tells(blind), blind.alert.state]).toEqual([['no_data'], [], 'firing']);
    expect(kinds(advance(blind.alert, at(3_000, { verdict: aVerdict({ state: 'no_data', level: null }) })))).toEqual([]);
  });

  it('that is silenced says nothing, and is told at the end if it still fires', () => {
    const quiet = advance(anAlert({ level: 'emergency' }), at(1_000, { suppression: silence }));
    expect([kinds(quiet), tells(quiet)]).toEqual([['firing', 'silenced'], []]);
    const after = advance(quiet.alert, at(50_000));
    expect([kinds(after), tells(after)]).toEqual([['released'], ['firing']]);
  });

  it('that was told before the silence is told again at its end, and its end even within', () => {
    const known = told(advance(anAlert({ level: 'critical' }), at(1_000)));
    const quiet = advance(known, at(2_000, { suppression: silence }));
    expect(tells(quiet)).toEqual([]);
    expect(tells(advance(quiet.alert, at(50_000)))).toEqual(['reminder']);
    expect(tells(advance(quiet.alert, at(3_000, { suppression: silence, verdict: aVerdict({ state: 'ok', level: null }) })))).toEqual([
      'resolved',
    ]);
  });

  it('that another explained has a while to get well before it is told', () => {
    const explained: Suppression = { kind: 'inhibition', id: 'h', reason: 'explained by host', until: null };
    const quiet = advance(anAlert({ level: 'critical' }), at(1_000, { suppression: explained }));
    const settling = advance(quiet.alert, at(5_000));
    expect([tells(settling), settling.alert.suppression?.until]).toEqual([[], 15_000]);
    expect(tells(advance(settling.alert, at(14_999)))).toEqual([]);
    expect(tells(advance(settling.alert, at(15_000)))).toEqual(['firing']);
    const well = advance(settling.alert, at(9_000, { verdict: aVerdict({ state: 'ok', level: null }) }));
    expect(well.alert.toldOn).toEqual([]);
  });

  it('whose acknowledgement runs out is told again', () => {
    const known = told(advance(anAlert({ level: 'critical' }), at(1_000)));
    const taken = { ...known, acknowledgedBy: 'kim', acknowledgedAt: 1_100, acknowledgedUntil: 5_000 };
    expect(tells(advance(taken, at(4_999)))).toEqual([]);
    const step = advance(taken, at(5_000));
    expect([kinds(step), tells(step)]).toEqual([['acknowledgement_expired'], ['reminder']]);
  });
});

const verdicts = fc.oneof(
  fc.constant(undefined),
  fc.constantFrom(...LEVELS).map((level) => aVerdict({ level })),
  fc.constant(aVerdict({ state: 'ok', level: null })),
  fc.constant(aVerdict({ state: 'no_data', level: null })),
  fc.constant(aVerdict({ state: 'error', level: null })),
);
const moments = fc.array(
  fc.record({
    passMs: fc.nat(20_000),
    verdict: verdicts,
    suppression: fc.constantFrom<Suppression | null>(null, null, silence, { kind: 'inhibition', id: 'h', reason: 'host', until: null }),
    acknowledge: fc.boolean(),
  }),
  { maxLength: 30 },
);

describe('whatever happens to an alert', () => {
  it('has no end told before a beginning, no end dropped, and no word while it is quiet', () => {
    fc.assert(
      fc.property(fc.constantFrom(...LEVELS), moments, (level: Level, course) => {
        let alert = anAlert({ level });
        let now = 1_000;
        let isTold = false;
        let seq = 0;
        for (const { acknowledge, passMs, suppression, verdict } of [
          { passMs: 0, verdict: undefined, suppression: null, acknowledge: false },
          ...course,
        ]) {
          now += passMs;
          if (acknowledge && alert.seq > 0)
            alert = { ...alert, acknowledgedBy: 'kim', acknowledgedAt: now, acknowledgedUntil: now + 7_000 };
          const step = advance(alert, at(now, { verdict, suppression }));
          for (const transition of step.transitions) expect(transition.seq).toBe(++seq);
          for (const { tell } of step.tells) {
            if (tell !== 'resolved') isTold = true;
          }
          const isOver = step.alert.state === 'resolved';
          if (isOver) {
            expect(tells(step).at(-1)).toBe('resolved');
            expect(step.transitions.filter(({ kind }) => kind === 'resolved')).toHaveLength(1);
            return;
          }
          expect(tells(step)).not.toContain('resolved');
          if (step.alert.suppression !== null || step.alert.acknowledgedBy !== null) expect(step.tells).toEqual([]);
          // Nobody who has to know is forgotten: it was told at this level, it is kept quiet, or a time is set.
          else if (step.alert.toldLevel !== step.alert.level) expect(step.alert.tellAt).toBeGreaterThan(now);
          // The same moment again changes nothing: a batch that comes twice does no harm.
          const again = advance(told(step), at(now, { verdict, suppression }));
          expect([again.transitions, again.tells]).toEqual([[], []]);
          alert = told(step);
          expect(alert.toldOn.length > 0).toBe(isTold);
        }
      }),
    );
  });
});
