import { describe, expect, it } from 'vitest';
import { Allowance } from './allowance.ts';
import { decide, PLACE_PATIENCE_MS, type Candidate } from './decision.ts';
import { multipartBody, requestsOf, runItem, type Item } from './langsmith/body.ts';
import type { OutgoingRun } from './outgoing-run.ts';
import { restMs, retryAfterMs, verdictOf } from './verdict.ts';

const HOUR = 3_600_000;

describe('what is sent of a run', () => {
  const seen: Candidate = { hasEnded: true, endedNow: true, isPlaced: true, waiting: undefined };
  const waited = (sinceMs: number, begun = false) => ({ sinceMs, begun });
  it.each<[string, Candidate, object]>([
    ['ended just now: all of it', seen, { what: 'post', begun: false }],
    ['has not ended: it waits', { ...seen, hasEnded: false, endedNow: false }, { what: 'wait' }],
    ['does not end in time: as it is', { ...seen, hasEnded: false, endedNow: false, waiting: waited(HOUR) }, { what: 'post', begun: true }],
    ['ended after it was sent without its end: the rest', { ...seen, waiting: waited(HOUR, true) }, { what: 'patch', begun: false }],
    ['was added to and was sent before: a patch', { ...seen, endedNow: false }, { what: 'patch', begun: false }],
    ['ended before its parents came: it waits', { ...seen, isPlaced: false }, { what: 'wait' }],
    ['whose parents came: all of it', { ...seen, endedNow: false, waiting: waited(5_000) }, { what: 'post', begun: false }],
    [
      'whose parents never come: all of it',
      { ...seen, isPlaced: false, waiting: waited(PLACE_PATIENCE_MS) },
      { what: 'post', begun: false },
    ],
  ])('that %s', (_which, candidate, decision) => {
    expect(decide(candidate, HOUR)).toEqual(decision);
  });
});

describe('an answer', () => {
  const verdict = (status: number, headers = {}) => verdictOf(status, headers, 'why', 0);
  it.each([200, 202, 409])('of %d means that it was taken', (status) => expect(verdict(status).kind).toBe('taken'));
  it.each([400, 413, 422])('of %d means that it never will be', (status) => expect(verdict(status).kind).toBe('refused'));
  it.each([401, 403, 404, 408, 425, 429, 500, 502, 503])('of %d means later, and nothing is lost', (status) =>
    expect(verdict(status).kind).toBe('later'),
  );
  it('says how long to wait, in seconds or as a date, within reason', () => {
    expect(verdict(429, { 'retry-after': '7' })).toMatchObject({ afterMs: 7_000 });
    expect(retryAfterMs('Thu, 01 Jan 1970 00:00:09 GMT', 4_000)).toBe(5_000);
    expect([retryAfterMs('99999999', 0), retryAfterMs('soon', 0), retryAfterMs(undefined, 0)]).toEqual([HOUR, undefined, undefined]);
  });
  it('is waited for longer each time, and never shorter than it asked', () => {
    const most = () => 1;
    expect([restMs(0, undefined, most), restMs(3, undefined, most), restMs(40, undefined, most)]).toEqual([1_000, 8_000, 300_000]);
    expect([restMs(0, 5_000, () => 0), restMs(0, undefined, () => 0)]).toEqual([5_000, 250]);
  });
});

it('lets no more requests through in a minute than are allowed', () => {
  const allowance = new Allowance(60, 0);
  let now = 0;
  let sent = 0;
  while (now < 60_000) {
    now += allowance.take(now);
    sent += 1;
  }
  expect(sent).toBeLessThanOrEqual(60 + 3 + 1);
  expect(sent).toBeGreaterThan(58);
});

const RUN: OutgoingRun = {
  runId: '22222222-2222-4222-8222-222222222222',
  keepDays: 30,
  day: '2026-11-26',
  traceId: '0af76519-16cd-43dd-8448-eb211c80319c',
  parentRunId: '11111111-1111-4111-8111-111111111111',
  projectNo: 1,
  project: 'shop',
  name: 'ask',
  runType: 'llm',
  startTime: 1_795_677_264_123_456,
  endTime: 1_795_677_265_000_001,
  status: 1,
  tags: ['a'],
  referenceExampleId: null,
  model: null,
  provider: null,
  inputs: '{"big":12345678901234567890}',
  outputs: null,
  error: null,
  extra: '{"metadata":{}}',
  events: null,
  serialized: null,
  rest: '{"colour":"red"}',
  segments: [
    { at: 1_795_677_264_000_000, runId: '11111111-1111-4111-8111-111111111111' },
    { at: 1_795_677_264_123_456, runId: '22222222-2222-4222-8222-222222222222' },
  ],
  trail: [],
  attachments: [{ name: 'a"\r\nb', mimeType: 'text/plain\r\nx: y', body: Buffer.from('hi') }],
};

describe('a run in the protocol of LangSmith', () => {
  it('keeps its id, its place and every character of its JSON; its trace is its root, as their protocol has it', () => {
    const item = runItem(RUN, 'post', 'theirs');
    const [head, inputs] = item.parts;
    expect(JSON.parse(head?.body.toString() ?? '')).toEqual({
      id: RUN.runId,
      name: 'ask',
      run_type: 'llm',
      start_time: '2026-11-26T07:14:24.123456Z',
      end_time: '2026-11-26T07:14:25.000001Z',
      trace_id: '11111111-1111-4111-8111-111111111111',
      parent_run_id: '11111111-1111-4111-8111-111111111111',
      dotted_order: '20261126T071424000000Z11111111-1111-4111-8111-111111111111.20261126T071424123456Z22222222-2222-4222-8222-222222222222',
      session_name: 'theirs',
      tags: ['a'],
      colour: 'red',
    });
    expect([inputs?.name, inputs?.body.toString()]).toEqual([`post.${RUN.runId}.inputs`, '{"big":12345678901234567890}']);
  });

  it('lets no name of an attachment add a header', () => {
    const text = multipartBody([runItem(RUN, 'post', 'x')]).body.toString();
    expect(text).not.toMatch(/^x: y/m);
    expect(text).toContain('name="attachment.22222222-2222-4222-8222-222222222222.a%22  b"');
  });

  it('goes in requests of at most 100 runs and 20 MB, and what is larger goes alone', () => {
    const of = (bytes: number, id = 'x'): Item => ({ what: 'run', id, parts: [], bytes });
    expect(requestsOf(Array.from({ length: 250 }, () => of(1))).map(({ length }) => length)).toEqual([100, 100, 50]);
    const MB = 1_048_576;
    expect(requestsOf([of(15 * MB), of(5 * MB), of(30 * MB), of(1)]).map(({ length }) => length)).toEqual([2, 1, 1]);
  });
});
