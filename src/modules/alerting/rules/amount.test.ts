import { expect, test } from 'vitest';
import { amount } from './amount.ts';

test.each([
  [0.953_46, 'ratio', '95.35%'],
  [0.9, 'ratio', '90%'],
  [5, 'count', '5'],
  [1_002.5, '', '1003'],
  [123_456, '', '123456'],
  [12_900_000, 'bytes', '12.3 MiB'],
  [512, 'bytes', '512 B'],
  [-2_048, 'bytes', '-2 KiB'],
  [2.5, 'seconds', '2.5 s'],
  [0.001_25, 'seconds', '0.00125 s'],
  [90, 'seconds', '1m30s'],
  [12.345_67, 'per_second', '12.35 per second'],
  [1e300, '', '1e+300'],
])('%d %s is said as %s', (value, unit, said) => expect(amount(value, unit)).toBe(said));
