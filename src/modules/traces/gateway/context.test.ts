import { describe, expect, it } from 'vitest';
import { contextOf } from './context.ts';

const A = '0199b1f0-0000-7000-8000-000000000001';
const B = '0199b1f0-0000-7000-8000-000000000002';

it('reads where a conversation belongs', () => {
  expect(contextOf({})).toEqual({ project: 'default', threadId: undefined, userId: undefined, tags: [], metadata: {}, parent: undefined });
  expect(
    contextOf({
      'x-muster-project': Buffer.from('Büro').toString('latin1'),
      'x-muster-thread': 't1',
      'x-muster-user': 'u1',
      'x-muster-tags': 'a, b,,a',
      'x-muster-metadata': '{"team":"x"}',
    }),
  ).toMatchObject({ project: 'Büro', threadId: 't1', userId: 'u1', tags: ['a', 'b'], metadata: { team: 'x' } });
});

it('refuses metadata that is none, and names nobody could mean', () => {
  for (const value of ['x', '[]', 'null', '1']) expect(() => contextOf({ 'x-muster-metadata': value })).toThrow(/no JSON object/);
  expect(() => contextOf({ 'x-muster-project': 'x'.repeat(513) })).toThrow(/512/);
});

describe('the trace of the caller', () => {
  it('is that of langsmith-trace, with project and tags in the baggage', () => {
    const parent = `20261126T071424123456Z${A}.20261126T071424223456Z${B}`;
    expect(contextOf({ 'langsmith-trace': parent, baggage: 'langsmith-project=my%20app,other=%zz,langsmith-tags=x%2Cy' })).toMatchObject({
      project: 'my app',
      tags: ['x', 'y'],
      parent: { traceId: A, parentRunId: B, dottedOrder: parent },
    });
  });

  it('is that of traceparent otherwise', () => {
    expect(contextOf({ traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' }).parent).toEqual({
      traceId: '4bf92f35-77b3-4da6-a3ce-929d0e0e4736',
      parentRunId: '00000000-0000-0000-00f0-67aa0ba902b7',
      dottedOrder: undefined,
    });
  });

  it('is none where it cannot be read', () => {
    for (const header of ['x', `20261126T071424123456Z${A}.x`, '.', `20261126Z${A}`])
      expect(contextOf({ 'langsmith-trace': header }).parent, header).toBeUndefined();
    for (const header of ['00-0-0-0', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`])
      expect(contextOf({ traceparent: header }).parent).toBeUndefined();
  });
});
