import { expect, test } from 'vitest';
import type { AgentSample } from '../agent/sample.ts';
import { agentId, epoch, hostId } from '../base/ids.ts';
import { MOST_SAMPLES_A_HOST, MOST_SAMPLES_AN_AGENT, SampleBuffer, SampleLane, SAMPLES_A_BATCH } from './sample-buffer.ts';

const lane = (name: string): SampleLane => new SampleLane({ hostId: hostId('h'), agentId: agentId(name), epoch: epoch(1) });
const sample = (value: number): AgentSample => ({ name: 'm', value, unit: '', labels: {}, at: value });
const drain = (buffer: SampleBuffer) => {
  const batches = [];
  for (let batch = buffer.take(); batch !== undefined; batch = buffer.take()) batches.push(batch);
  return batches;
};

test('an agent that floods loses its own oldest samples, and nobody else loses any', () => {
  const buffer = new SampleBuffer();
  const [flood, quiet] = [lane('flood'), lane('quiet')];
  buffer.push(quiet, sample(-1));
  for (let n = 0; n < 1_000_000; n += 1) buffer.push(flood, sample(n));
  buffer.push(quiet, sample(-2));
  expect(buffer.size).toBe(MOST_SAMPLES_AN_AGENT + 2);
  expect(buffer.dropped).toBe(1_000_000 - MOST_SAMPLES_AN_AGENT);
  const batches = drain(buffer);
  const first = batches[0]?.samples ?? [];
  expect(first.filter((s) => s.agentId === 'quiet').map((s) => s.value)).toEqual([-1, -2]);
  const flooded = batches.flatMap((batch) => batch.samples).filter((s) => s.agentId === 'flood');
  expect(flooded[0]?.value).toBe(1_000_000 - MOST_SAMPLES_AN_AGENT);
  expect(flooded.at(-1)?.value).toBe(999_999);
  expect(buffer.size).toBe(0);
});

test('batches are bounded, keep the order of each agent, and name a fence for each agent in them', () => {
  const buffer = new SampleBuffer();
  const lanes = Array.from({ length: 30 }, (_, n) => lane(`agent_${n}`));
  for (let n = 0; n < 1_000; n += 1) for (const each of lanes) buffer.push(each, sample(n));
  const batches = drain(buffer);
  for (const batch of batches) {
    expect(batch.samples.length).toBeLessThanOrEqual(SAMPLES_A_BATCH);
    expect(new Set(batch.fences.map((fence) => fence.agentId))).toEqual(new Set(batch.samples.map((s) => s.agentId)));
  }
  const seen = new Map<string, number>();
  for (const { agentId: id, value } of batches.flatMap((batch) => batch.samples)) {
    expect(value).toBe(seen.get(id) ?? 0);
    seen.set(id, value + 1);
  }
  expect([...seen.values()]).toEqual(Array(30).fill(1_000));
});

test('the host as a whole is bounded too', () => {
  const buffer = new SampleBuffer();
  for (let a = 0; a < 15; a += 1) {
    const each = lane(`agent_${a}`);
    for (let n = 0; n < MOST_SAMPLES_AN_AGENT; n += 1) buffer.push(each, sample(n));
  }
  expect(buffer.size).toBe(MOST_SAMPLES_A_HOST);
});
