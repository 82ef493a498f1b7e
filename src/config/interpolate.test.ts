import { describe, expect, it } from 'vitest';
import { interpolate } from './interpolate.ts';

const value = (text: string, environment: Record<string, string> = {}): string => {
  const outcome = interpolate(text, environment);
  if ('failure' in outcome) throw new Error(outcome.failure.message);
  return outcome.value;
};

describe('interpolate', () => {
  it('puts variables and defaults in, an empty variable counting as not set where there is a default', () => {
    expect(value('a ${X} b', { X: '1' })).toBe('a 1 b');
    expect(value('${X:-7d}')).toBe('7d');
    expect(value('${X:-7d}', { X: '' })).toBe('7d');
    expect(value('${X:-7d}', { X: '1d' })).toBe('1d');
    expect(value('${X:-}')).toBe('');
  });

  it('leaves a doubled dollar as a literal', () => {
    expect(value('$${X}', { X: '1' })).toBe('${X}');
  });

  it('does not look into what it put in', () => {
    expect(value('${X}', { X: '${Y}', Y: 'secret' })).toBe('${Y}');
  });

  it('says which variable is missing', () => {
    expect(interpolate('${NOT_SET}', {})).toEqual({
      failure: { message: 'environment variable NOT_SET is not set', remedy: expect.stringContaining('NOT_SET') as string },
    });
  });

  it('says what it cannot read', () => {
    expect(interpolate('${X', {})).toHaveProperty('failure');
    expect(interpolate('${a b}', {})).toHaveProperty('failure');
  });
});
