/** Money is whole numbers of 1e-12 USD: a token of the cheapest model is 5,000 of them, and nothing is ever rounded on the way. */
export type PicoUsd = number | bigint;

const PICO = 1_000_000_000_000n;
const DIGITS = 12;
const MOST_USD = 1e9;

/** `0.00018`: as short as it can be said exactly. */
export function decimal(amount: PicoUsd): string {
  if (amount < 0) return `-${decimal(-amount)}`;
  const [whole, fraction] = typeof amount === 'number' ? [Math.floor(amount / 1e12), amount % 1e12] : [amount / PICO, amount % PICO];
  if (Number(fraction) === 0) return String(whole);
  const digits = String(fraction).padStart(DIGITS, '0');
  let end = DIGITS;
  while (digits.charCodeAt(end - 1) === 0x30) end--;
  return `${whole}.${digits.slice(0, end)}`;
}

/** USD, said as a number or a decimal text; undefined where it is no sensible amount. What lies below 1e-12 is rounded. */
export function picoOf(value: unknown): bigint | undefined {
  if (typeof value === 'string') {
    const parts = /^(\d{1,9})(?:\.(\d{1,40}))?$/.exec(value);
    if (parts !== null && (parts[2] ?? '').length <= DIGITS)
      return BigInt(parts[1] ?? '0') * PICO + BigInt((parts[2] ?? '').padEnd(DIGITS, '0'));
    if (!/^\d+(\.\d+)?([eE][+-]?\d{1,3})?$/.test(value) || value.length > 60) return undefined;
  } else if (typeof value !== 'number') return undefined;
  const amount = Number(value);
  if (!(amount >= 0 && amount < MOST_USD)) return undefined;
  // toFixed gives the exact digits of the double; beyond twelve of them it is the writer's rounding, not an amount.
  const [whole = '0', fraction = ''] = amount.toFixed(DIGITS).split('.');
  return BigInt(whole) * PICO + BigInt(fraction.padEnd(DIGITS, '0'));
}

/** A numeric of the database, of twelve decimals at most. */
export function picoOfDecimal(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole) * PICO + BigInt(fraction.slice(0, DIGITS).padEnd(DIGITS, '0'));
}

export function usdOf(value: unknown): string | undefined {
  const amount = picoOf(value);
  return amount === undefined ? undefined : decimal(amount);
}
