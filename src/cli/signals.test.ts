import { afterEach, expect, test, vi } from 'vitest';
import { StopSignals } from './signals.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test('the first signal asks for an end, the second forces it, and the process ends with its code', async () => {
  const exited = new Promise<unknown>((resolve) => {
    vi.spyOn(process, 'exit').mockImplementation((code) => resolve(code) as never);
  });
  const force = vi.fn<() => Promise<void>>(() => Promise.resolve());
  using signals = new StopSignals(force);
  expect(signals.signal.aborted).toBe(false);
  process.emit('SIGHUP', 'SIGHUP');
  expect(signals.signal.aborted).toBe(true);
  expect(signals.received).toBe('SIGHUP');
  expect(force).not.toHaveBeenCalled();
  process.emit('SIGTERM', 'SIGTERM');
  expect(force).toHaveBeenCalledOnce();
  expect(await exited).toBe(143);
});

test('one key press that arrives twice, from the terminal and from npm, is one', () => {
  const force = vi.fn<() => Promise<void>>(() => Promise.resolve());
  using signals = new StopSignals(force);
  process.emit('SIGHUP', 'SIGHUP');
  process.emit('SIGHUP', 'SIGHUP');
  expect(signals.signal.aborted).toBe(true);
  expect(force).not.toHaveBeenCalled();
});
