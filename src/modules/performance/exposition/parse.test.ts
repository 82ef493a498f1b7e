import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExposition } from './parse.ts';
import { unitOf } from './unit.ts';

const LIMITS = { mostSamples: 100, mostLabels: 4, longest: 50 };
const samplesOf = (text: string) => parseExposition(text, LIMITS).samples;

describe('an exposition', () => {
  it('is read as Prometheus writes it', () => {
    const text = [
      '# HELP http_requests_total The total.',
      '# TYPE http_requests_total counter',
      'http_requests_total{method="post",code="200"} 1027 1395066363000',
      'http_requests_total{method="post",code="400",}    3',
      '  spaced { a = "b" , c="d" }  -1.5e-3',
      'escaped{path="C:\\\\DIR\\n",quote="\\"}{,="} 1',
      'up 1',
    ].join('\n');
    expect(samplesOf(text)).toEqual([
      { name: 'http_requests_total', labels: { method: 'post', code: '200' }, value: 1027 },
      { name: 'http_requests_total', labels: { method: 'post', code: '400' }, value: 3 },
      { name: 'spaced', labels: { a: 'b', c: 'd' }, value: -0.0015 },
      { name: 'escaped', labels: { path: 'C:\\DIR\n', quote: '"}{,=' }, value: 1 },
      { name: 'up', labels: {}, value: 1 },
    ]);
  });

  it('is read as OpenMetrics writes it: exemplars left out, and nothing after the end', () => {
    expect(samplesOf('a_bucket{le="0.1"} 8 # {trace_id="x"} 0.05 1\n{"a name", b="c"} 2\n# EOF\nafter 1\n')).toEqual([
      { name: 'a_bucket', labels: { le: '0.1' }, value: 8 },
      { name: 'a name', labels: { b: 'c' }, value: 2 },
    ]);
  });

  it('knows what is no finite number', () =>
    expect(samplesOf('a NaN\nb +Inf\nc -Inf').map(({ value }) => value)).toEqual([Number.NaN, Infinity, -Infinity]));

  it.each([
    ['1abc 2', /name of a metric/],
    ['a{b="c" 1', /commas|label is written/],
    ['a{b=c} 1', /not in quotes/],
    ['a{b="1",b="2"} 1', /twice/],
    ['a twelve', /not a number/],
    ['a', /not a number/],
    ['a{b="1",c="2",d="3",e="4",f="5"} 1', /more than 4 labels/],
    [`a{b="${'x'.repeat(51)}"} 1`, /longer than 50/],
  ])('loses the line %j alone, and says why', (line, problem) => {
    const { samples, badLines, firstBad } = parseExposition(`good 1\n${line}\nbetter 2`, LIMITS);
    expect(samples.map(({ name }) => name)).toEqual(['good', 'better']);
    expect([badLines, firstBad?.line]).toEqual([1, 2]);
    expect(firstBad?.problem).toMatch(problem);
  });

  it('gives so many samples and no more, and says how many are left', () => {
    const { samples, left } = parseExposition(Array.from({ length: 250 }, (_, n) => `a{n="${n}"} ${n}`).join('\n'), LIMITS);
    expect([samples.length, left]).toEqual([100, 150]);
  });

  it('makes a label of every name, "__proto__" too', () => {
    const [sample] = samplesOf('a{__proto__="x"} 1');
    expect(Object.entries(sample?.labels ?? {})).toEqual([['__proto__', 'x']]);
  });

  it('gives back what was written, whatever the values hold', () => {
    const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
    // A zero without a sign: JavaScript writes the other one like it.
    const numbers = fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), numbers, (value, number) => {
        fc.pre(value.length <= 50);
        expect(samplesOf(`a{b="${escaped(value)}"} ${number}`)).toEqual([{ name: 'a', labels: { b: value }, value: number }]);
      }),
    );
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '1', '{', '}', '=', '"', '\\', ',', '#', ' ', '\n', '.', 'e', '+', '-'), maxLength: 60 }),
        (text) => void parseExposition(text, LIMITS),
      ),
    );
  });
});

describe('the unit of a name', () => {
  it.each([
    ['http_request_duration_seconds_sum', 'seconds'],
    ['http_request_duration_seconds_bucket', ''],
    ['http_request_duration_seconds_count', ''],
    ['node_memory_free_bytes', 'bytes'],
    ['node_network_receive_bytes_total', 'bytes'],
    ['up', ''],
  ])('%s is in %j', (name, unit) => expect(unitOf(name)).toBe(unit));
});
