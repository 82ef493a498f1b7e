import { describe, expect, it } from 'vitest';
import { MusterError } from '../../base/errors.ts';
import { silentLogger, type Logger } from '../../base/logger.ts';
import type { Collector } from './collector.ts';
import type { Reading } from './reading.ts';
import { Rounds, type RoundContext } from './rounds.ts';

const INTERVALS = { fast: 5_000, slow: 30_000, rare: 300_000 };

const context = (log: Logger = silentLogger): RoundContext => ({
  sql: { read: () => Promise.reject(new Error('not here')) } as unknown as RoundContext['sql'],
  pools: () => [],
  latest: () => Promise.resolve([]),
  monotonic: 0,
  statementTimeoutMs: 1_000,
  log,
});

const names = (readings: readonly Reading[]): readonly string[] => [...new Set(readings.map(({ name }) => name))];

function collector(name: string, tier: Collector['tier'], collect: Collector['collect']): Collector {
  return { name, tier, collect };
}

describe('a round', () => {
  it('records slow and rare metrics at their own intervals, whatever the collector read', async () => {
    const rounds = new Rounds(
      [
        collector('host_memory', 'fast', ({ record }) => {
          record('host_memory_usage_ratio', 0.5);
          record('host_memory_total_bytes', 1);
          record('postgres_database_size_bytes', 2);
        }),
      ],
      INTERVALS,
    );
    const at = async (tick: number): Promise<readonly string[]> =>
      names(await rounds.collect(tick, context())).filter((name) => !name.startsWith('collector_'));
    expect(await at(0)).toEqual(['host_memory_usage_ratio', 'host_memory_total_bytes', 'postgres_database_size_bytes', 'memory_usage']);
    expect(await at(5_000)).toEqual(['host_memory_usage_ratio', 'memory_usage']);
    expect(await at(29_900)).toContain('host_memory_total_bytes');
    expect(await at(35_000)).not.toContain('host_memory_total_bytes');
    expect(await at(300_000)).toContain('postgres_database_size_bytes');
  });

  it('records nothing for what was not measured', async () => {
    const rounds = new Rounds(
      [
        collector('host_cpu', 'fast', ({ record }) => {
          record('host_cpu_usage_ratio', undefined);
          record('host_load1', null);
          record('host_load5', Number.NaN);
          record('host_load15', 0);
        }),
      ],
      INTERVALS,
    );
    expect(names(await rounds.collect(0, context()))).toEqual(expect.arrayContaining(['host_load15']));
    expect(names(await rounds.collect(0, context()))).not.toContain('host_load1');
  });

  it('keeps a failure to the collector that failed, counts it and says why', async () => {
    const rounds = new Rounds(
      [
        collector('broken', 'fast', () => {
          throw new Error('gone');
        }),
        collector('host_memory', 'fast', ({ record }) => record('host_memory_usage_ratio', 0.5)),
      ],
      INTERVALS,
    );
    const readings = await rounds.collect(0, context());
    expect(names(readings)).toContain('host_memory_usage_ratio');
    expect(readings).toContainEqual({ name: 'collector_errors_total', value: 1, labels: { collector: 'broken' } });
    expect(readings).toContainEqual({ name: 'collector_up', value: 0, labels: { collector: 'broken' } });
    expect(rounds.status()[0]).toMatchObject({ status: 'failing', reason: 'gone', errors: 1 });
  });

  it('says a failure once, and that it is over', async () => {
    const lines: string[] = [];
    const log: Logger = {
      ...silentLogger,
      warn: (_, message) => void lines.push(`warn ${message}`),
      info: (_, message) => void lines.push(`info ${message}`),
    };
    let broken = true;
    const rounds = new Rounds(
      [
        collector('flaky', 'fast', () => {
          if (broken) throw new Error('gone');
        }),
      ],
      INTERVALS,
    );
    await rounds.collect(0, context(log));
    await rounds.collect(5_000, context(log));
    broken = false;
    await rounds.collect(10_000, context(log));
    expect(lines).toEqual(['warn the collector gives nothing', 'info the collector works again']);
  });

  it('takes a source that this system lacks for no error, and looks again after five minutes', async () => {
    let asked = 0;
    const rounds = new Rounds(
      [
        collector('host_pressure', 'fast', () => {
          asked += 1;
          throw new MusterError('NOT_MEASURABLE', '/proc/pressure/cpu does not exist on this system');
        }),
      ],
      INTERVALS,
    );
    const readings = await rounds.collect(0, context());
    expect(readings).toContainEqual({ name: 'collector_errors_total', value: 0, labels: { collector: 'host_pressure' } });
    expect(readings).toContainEqual({ name: 'collector_up', value: 0, labels: { collector: 'host_pressure' } });
    await rounds.collect(5_000, context());
    await rounds.collect(295_000, context());
    expect(asked).toBe(1);
    await rounds.collect(300_000, context());
    expect(asked).toBe(2);
  });

  it('asks a slow collector less often, so that it takes a tenth of the time at most', async () => {
    let asked = 0;
    const rounds = new Rounds(
      [
        collector('slow', 'fast', async () => {
          asked += 1;
          await new Promise((resolve) => setTimeout(resolve, 60));
        }),
      ],
      { fast: 100, slow: 100_000, rare: 100_000 },
    );
    for (let tick = 0; tick < 1_000; tick += 100) await rounds.collect(tick, context());
    expect(asked).toBeLessThanOrEqual(2);
  });

  it('tells what it costs', async () => {
    const rounds = new Rounds([collector('host_memory', 'fast', () => undefined)], INTERVALS);
    const readings = await rounds.collect(0, context());
    expect(readings.find(({ name }) => name === 'collector_duration_seconds')?.labels).toEqual({ collector: 'host_memory' });
    expect(readings.find(({ name }) => name === 'collector_cpu_seconds_total')?.value).toBeGreaterThanOrEqual(0);
  });
});
