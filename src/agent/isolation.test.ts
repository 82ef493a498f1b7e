import { expect, test } from 'vitest';
import { defineAgent } from './define-agent.ts';
import { isolationOf } from './isolation.ts';
import { rememberSource } from './source.ts';

const base = { type: 'sample', name: 'Sample', description: 'An agent for a test.', run: () => Promise.resolve() } as const;
const url = 'file:///agents/sample.mjs';

test('a type runs in its host unless it says otherwise, and its agent may say otherwise again', () => {
  expect(isolationOf(defineAgent(base), {})).toEqual({ kind: 'none' });
  const walled = defineAgent({ ...base, isolation: 'thread', memoryLimitMb: 64 });
  rememberSource(walled, { url });
  expect(isolationOf(walled, {})).toEqual({ kind: 'thread', memoryLimitMb: 64, source: { url } });
  expect(isolationOf(walled, { isolation: 'process', memory_limit_mb: 512 })).toEqual({
    kind: 'process',
    memoryLimitMb: 512,
    source: { url },
  });
  expect(isolationOf(walled, { isolation: 'none' })).toEqual({ kind: 'none' });
});

test('what cannot be is told with its remedy', () => {
  const walled = defineAgent({ ...base, isolation: 'thread' });
  expect(() => isolationOf(walled, {})).toThrow(
    expect.objectContaining({ code: 'AGENT_INVALID', remedy: expect.stringContaining('--agents') }),
  );
  expect(() => isolationOf(walled, { isolation: 'box' })).toThrow(
    expect.objectContaining({ code: 'AGENT_CONFIG_INVALID', message: 'metadata.isolation: "box" is none of none, thread, process' }),
  );
  expect(() => isolationOf(walled, { memory_limit_mb: '1 GB' })).toThrow(/metadata.memory_limit_mb: "1 GB"/);
  expect(() => defineAgent({ ...base, isolation: 'box' as never })).toThrow(/isolation "box" is not known/);
  expect(() => defineAgent({ ...base, memoryLimitMb: 1 })).toThrow(/memoryLimitMb 1 is out of range/);
});
