import { expect, test } from 'vitest';
import { silentLogger } from '../base/logger.ts';
import { VirtualClock } from '../agent/virtual-clock.ts';
import type { AgentEvent } from './fleet-event.ts';
import { Refusals } from './refusals.ts';

test('is told once a minute for each reason, and shown for a minute after it last happened', async () => {
  const clock = new VirtualClock();
  const events: AgentEvent[] = [];
  const refusals = new Refusals({ clock, log: silentLogger, emit: (event) => events.push(event) });
  expect(refusals.current).toBeNull();
  for (let n = 0; n < 100; n += 1) refusals.metric('load', 'not_finite');
  refusals.event('no noun');
  expect(events).toHaveLength(2);
  expect(refusals.current).toMatch(/^event "no noun" is not recorded/);
  await clock.advance(61_000);
  expect(refusals.current).toBeNull();
  refusals.metric('load', 'not_finite');
  expect(events).toHaveLength(3);
  refusals.flood(7);
  expect(refusals.current).toMatch(/7 were dropped/);
  refusals.flood(8);
  refusals.flood(9);
  await clock.advance(61_000);
  refusals.flood(10);
  expect(events.slice(3).map(({ data }) => data)).toEqual([{ dropped_samples: 7 }, { dropped_samples: 27 }]);
});

test('names the metrics whose labels take too many values, at once and then a minute apart', async () => {
  const clock = new VirtualClock();
  const events: AgentEvent[] = [];
  const refusals = new Refusals({ clock, log: silentLogger, emit: (event) => events.push(event) });
  refusals.series(['load', 'load']);
  refusals.series(['load', 'queue']);
  expect(refusals.current).toMatch(/more series than a metric may have/);
  await clock.advance(61_000);
  refusals.series(['load']);
  expect(events).toEqual([
    { type: 'agent:too_many_series', data: { refused_samples: 2, metrics: ['load'] } },
    { type: 'agent:too_many_series', data: { refused_samples: 3, metrics: ['load', 'queue'] } },
  ]);
});
