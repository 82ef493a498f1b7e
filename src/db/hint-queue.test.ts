import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HintQueue } from './hint-queue.ts';

describe('HintQueue', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('sends the first at once, the following together after the quiet time, each topic once', async () => {
    const sent: string[] = [];
    const queue = new HintQueue((topics) => Promise.resolve(void sent.push(topics.join())), 20);
    queue.add('a');
    expect(sent).toEqual(['a']);
    for (const topic of ['b', 'c', 'b', 'a']) queue.add(topic);
    await vi.advanceTimersByTimeAsync(19);
    expect(sent).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(1);
    expect(sent).toEqual(['a', 'b,c,a']);
    await vi.advanceTimersByTimeAsync(20);
    queue.add('d');
    expect(sent).toEqual(['a', 'b,c,a', 'd']);
    await queue.close();
  });

  it('has one on its way at a time, and loses none while it waits', async () => {
    const sent: string[] = [];
    let arrive: (() => void) | undefined;
    const queue = new HintQueue((topics) => {
      sent.push(topics.join());
      return new Promise((resolve) => {
        arrive = resolve;
      });
    }, 20);
    queue.add('a');
    queue.add('b');
    await vi.advanceTimersByTimeAsync(100);
    expect(sent).toEqual(['a']);
    arrive?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual(['a', 'b']);
    const closing = queue.close();
    arrive?.();
    await closing;
  });

  it('sends what waits when it is closed, and nothing after that', async () => {
    const sent: string[] = [];
    const queue = new HintQueue((topics) => Promise.resolve(void sent.push(topics.join())), 20);
    queue.add('a');
    queue.add('b');
    queue.add('c');
    await queue.close();
    expect(sent).toEqual(['a', 'b,c']);
    queue.add('d');
    await vi.advanceTimersByTimeAsync(100);
    expect(sent).toEqual(['a', 'b,c']);
  });

  it('waits a second at most for what does not arrive', async () => {
    const queue = new HintQueue(() => new Promise(() => undefined), 20);
    queue.add('a');
    queue.add('b');
    const closing = queue.close();
    let closed = false;
    void closing.then(() => (closed = true));
    await vi.advanceTimersByTimeAsync(999);
    expect(closed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(closed).toBe(true);
  });
});
