import { describe, expect, it, vi } from 'vitest';
import type { Answered } from './call.ts';
import { Flights } from './flights.ts';
import { Tape } from './tape.ts';

const answered = (status = 200): Answered => ({
  status,
  headers: {},
  isStream: false,
  tape: new Tape(),
  provider: 'a',
  priceProvider: null,
  model: 'm',
  attempts: 1,
});
const open = (): AbortSignal => new AbortController().signal;

/** One who is asked, and answers when told. */
function asking() {
  let calls = 0;
  const pending: { resolve: (answer: Answered) => void; reject: (error: Error) => void; signal: AbortSignal }[] = [];
  return {
    pending,
    get calls() {
      return calls;
    },
    ask: (signal: AbortSignal) => {
      calls += 1;
      return new Promise<Answered>((resolve, reject) => {
        pending.push({ resolve, reject, signal });
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    },
  };
}

describe('requests that are the same', () => {
  it('are asked once while one is under way, also within its stream and until it is kept, and again after it', async () => {
    const flights = new Flights();
    const { ask, pending } = asking();
    const first = flights.join('x', open(), ask);
    const second = flights.join('x', open(), ask);
    const answer = answered();
    pending[0]?.resolve(answer);
    expect([(await first).isShared, (await second).isShared, (await second).answer]).toEqual([false, true, answer]);
    expect((await flights.join('x', open(), ask)).isShared).toBe(true);
    answer.tape.end();
    const late = await flights.join('x', open(), ask);
    expect(late).toMatchObject({ answer, isShared: true });
    late.land();
    expect(flights.size).toBe(1);
    (await first).land();
    expect(flights.size).toBe(0);
    void flights.join('x', open(), ask);
    expect(pending).toHaveLength(2);
  });

  it('are asked again where nobody keeps what came, or what came is no answer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const flights = new Flights();
      const { ask, pending } = asking();
      for (const [n, status] of [200, 500].entries()) {
        const first = flights.join('x', open(), ask);
        const answer = answered(status);
        pending[n]?.resolve(answer);
        await first;
        answer.tape.end();
        expect(flights.size).toBe(status === 200 ? 1 : 0);
        vi.advanceTimersByTime(1_000);
        expect(flights.size).toBe(0);
      }
    } finally {
      vi.useRealTimers();
    }
  });

  it('do not share a failure or a refusal: each asks for itself then', async () => {
    const flights = new Flights();
    for (const fail of [(): void => pending[0]?.reject(new Error('broke')), (): void => pending[0]?.resolve(answered(429))]) {
      pending = [];
      const asker = asking();
      pending = asker.pending;
      const first = flights.join('x', open(), asker.ask);
      first.catch(() => undefined);
      const second = flights.join('x', open(), asker.ask);
      fail();
      await expect.poll(() => asker.calls).toBe(2);
      const answer = answered();
      asker.pending[1]?.resolve(answer);
      expect(await second).toMatchObject({ answer, isShared: false });
      asker.pending[0]?.resolve(answered());
      await first.then(
        ({ answer: { tape } }) => tape.end(),
        () => undefined,
      );
    }
  });

  it('end only when all who wait have gone', async () => {
    const flights = new Flights();
    const { ask, pending } = asking();
    const [one, two] = [new AbortController(), new AbortController()];
    const first = flights.join('x', one.signal, ask);
    const second = flights.join('x', two.signal, ask);
    one.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    expect(pending[0]?.signal.aborted).toBe(false);
    two.abort(new Error('gone too'));
    await expect(second).rejects.toThrow('gone too');
    expect(pending[0]?.signal.aborted).toBe(true);
  });
});

let pending: ReturnType<typeof asking>['pending'] = [];
