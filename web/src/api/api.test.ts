import { describe, expect, test } from 'vitest';
import { address } from './client.ts';
import { retryDelay, StreamParser } from './event-stream.ts';
import { ApiProblem } from './problem.ts';
import { narrow } from './server-clock.ts';

describe('StreamParser', () => {
  const text = 'id: 1\r\nevent: agent:started\r\ndata: {"a":1}\r\n\r\n: ping\n\nid:2\ndata: one\ndata: two\n\ndata\n\nid: 3\n\n';
  const messages = [
    { id: '1', event: 'agent:started', data: '{"a":1}' },
    { id: '2', event: 'message', data: 'one\ntwo' },
    { id: '2', event: 'message', data: '' },
  ];

  test('reads messages as the standard says: comments are none, an id stays, several data lines are one', () => {
    expect(new StreamParser().push(text)).toEqual(messages);
  });

  test('does not care where the network cuts', () => {
    for (let cut = 1; cut < text.length; cut++) {
      const parser = new StreamParser();
      expect([...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))]).toEqual(messages);
    }
    const parser = new StreamParser();
    expect(text.split('').flatMap((letter) => parser.push(letter))).toEqual(messages);
  });
});

test('the next attempt comes later each time, never later than 15 s, and not for all at once', () => {
  expect(retryDelay(0, 0)).toBe(250);
  expect(retryDelay(0, 1)).toBe(500);
  expect(retryDelay(50, 1)).toBe(15_000);
  expect(retryDelay(50, 0)).toBe(7_500);
});

describe('the clock of the server', () => {
  const noon = Date.parse('2026-01-31T12:00:00Z');

  test('is known as well as the quickest answer shows it', () => {
    const slow = narrow(undefined, { sentAt: noon, receivedAt: noon + 4_000, date: 'Sat, 31 Jan 2026 12:01:00 GMT' });
    expect(slow).toEqual({ offsetMs: 58_500, errorMs: 2_500 });
    const quick = narrow(slow, { sentAt: noon, receivedAt: noon + 100, date: 'Sat, 31 Jan 2026 12:01:00 GMT' });
    expect(quick).toEqual({ offsetMs: 60_450, errorMs: 550 });
    expect(narrow(quick, { sentAt: noon, receivedAt: noon + 9_000, date: 'Sat, 31 Jan 2026 12:01:05 GMT' })?.errorMs).toBe(551);
  });

  test('may jump: an estimate that an answer refutes is given up', () => {
    const before = { offsetMs: 0, errorMs: 510 };
    expect(narrow(before, { sentAt: noon, receivedAt: noon + 2_000, date: 'Sat, 31 Jan 2026 13:00:00 GMT' })?.offsetMs).toBe(3_599_500);
  });

  test('is left as it was by an answer without a date', () => {
    expect(narrow(undefined, { sentAt: 0, receivedAt: 1, date: null })).toBeUndefined();
    expect(narrow({ offsetMs: 1, errorMs: 2 }, { sentAt: 0, receivedAt: 1, date: 'yesterday' })).toEqual({ offsetMs: 1, errorMs: 2 });
  });
});

test('an address repeats lists and leaves out what is not given', () => {
  expect(address('/agents', { limit: 5, cursor: undefined, agent_id: ['a b', 'c'] })).toBe(
    '/api/v1/agents?limit=5&agent_id=a+b&agent_id=c',
  );
});

describe('ApiProblem', () => {
  test('keeps what a problem document tells', async () => {
    const problem = await ApiProblem.of(
      Response.json(
        { title: 'The database cannot be reached', detail: 'no route', code: 'DATABASE_UNREACHABLE', remedy: 'Look.', request_id: 'r' },
        { status: 503 },
      ),
    );
    expect(problem).toMatchObject({
      status: 503,
      code: 'DATABASE_UNREACHABLE',
      message: 'no route',
      remedy: 'Look.',
      requestId: 'r',
      databaseAway: true,
    });
  });

  test('makes do with the status where a proxy answers with a page of its own', async () => {
    const problem = await ApiProblem.of(new Response('<html>', { status: 502, statusText: 'Bad Gateway' }));
    expect(problem).toMatchObject({ status: 502, code: 'HTTP_502', title: 'Bad Gateway', databaseAway: false });
  });
});
