import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from './nearest.ts';

describe('nearest', () => {
  it('counts insertions, deletions, changes and swaps as one step each', () => {
    expect(editDistance('heartbeat', 'hearbeat')).toBe(1);
    expect(editDistance('port', 'prot')).toBe(1);
    expect(editDistance('state', 'stats')).toBe(1);
    expect(editDistance('', 'abc')).toBe(3);
    expect(editDistance('same', 'same')).toBe(0);
  });

  it('offers the word that was meant, whatever its case', () => {
    expect(nearest('HEARTBEATS', ['metrics', 'heartbeat'])).toBe('heartbeat');
  });

  it('offers what was only begun', () => {
    expect(nearest('warn', ['critical', 'warning'])).toBe('warning');
  });

  it('offers nothing where no word is near', () => {
    expect(nearest('completely', ['port', 'host'])).toBeUndefined();
  });
});
