import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effective, projectSettings, readTopics, traceSettings } from './documents.ts';
import { addDays, withKeep, type KeepEntry } from './keep.ts';
import { keepsTrace, shareOf } from './sampling.ts';

describe('sampling', () => {
  it('keeps about the share that was asked for, whatever makes the ids', () => {
    for (const idOf of [(i: number) => `0199a1b2-${String(i).padStart(4, '0')}-7000-8000-00000000aaaa`, () => crypto.randomUUID()]) {
      const kept = Array.from({ length: 20_000 }, (_, i) => idOf(i)).filter((id) => keepsTrace(id, 0.25)).length;
      expect(kept / 20_000).toBeGreaterThan(0.22);
      expect(kept / 20_000).toBeLessThan(0.28);
    }
  });

  it('keeps all at 1, none at 0, and at a higher rate whatever a lower one keeps', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (id, a, b) => {
        expect([keepsTrace(id, 1), keepsTrace(id, 0)]).toEqual([true, false]);
        if (keepsTrace(id, Math.min(a, b))) expect(keepsTrace(id, Math.max(a, b))).toBe(true);
        expect(shareOf(id)).toBeLessThan(1);
      }),
    );
  });
});

describe('how long a project keeps its runs', () => {
  const on = (keep: readonly KeepEntry[], day: string): number | undefined => keep.findLast(({ from }) => from <= day)?.days;

  it('changes from the day that was said on, and for no day before', () => {
    const first = withKeep([], { days: 7, until: 30, from: '2026-11-27', today: '2026-11-26' });
    expect([on(first, '2026-11-26'), on(first, '2026-11-27')]).toEqual([30, 7]);
    const again = withKeep(first, { days: 90, until: 30, from: '2026-11-27', today: '2026-11-26' });
    expect([on(again, '2026-11-26'), on(again, '2026-11-27')]).toEqual([30, 90]);
    expect(withKeep(first, { days: 30, until: 30, from: '2026-11-27', today: '2026-11-26' })).toEqual([{ from: '1970-01-01', days: 30 }]);
  });

  it('says for every day that anything is left of what it said before, and does not grow for ever', () => {
    const changes = fc.array(fc.record({ after: fc.integer({ min: 0, max: 20 }), days: fc.integer({ min: 1, max: 60 }) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(changes, (given) => {
        let today = '2026-01-01';
        let keep: readonly KeepEntry[] = [];
        for (const { after, days } of given) {
          today = addDays(today, after);
          const from = addDays(today, 1);
          const next = withKeep(keep, { days, until: 30, from, today });
          expect(on(next, from)).toBe(days);
          for (let back = 0; back <= 61; back += 1) {
            const day = addDays(today, -back);
            const was = on(keep, day) ?? 30;
            // A day all of whose runs are gone may say anything.
            if (back <= was) expect(on(next, day)).toBe(was);
          }
          keep = next;
          expect(keep.length).toBeLessThan(70);
        }
      }),
    );
  });
});

describe('settings', () => {
  it('are what they are by default, and a topic of a project stands in place of the general one', () => {
    const general = traceSettings.parse({});
    expect(general).toMatchObject({
      retention: { days: 30 },
      sampling: { rate: 1, keep_errors: true },
      redaction: { secrets: true, email: true },
      budget: { usd_per_hour: null },
    });
    const own = projectSettings.parse({ redaction: { email: false } });
    expect(effective(general, own)).toMatchObject({ retention: { days: 30 }, redaction: { email: false, card: true } });
  });

  it('that cannot be read count as not said', () => {
    expect(readTopics({ retention: { days: 'many' }, sampling: { rate: 0.5 }, other: 1 })).toEqual({
      sampling: { rate: 0.5, keep_errors: true },
    });
  });
});
