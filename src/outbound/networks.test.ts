import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNetwork, parseNetworks, plainAddress, specialUse } from './networks.ts';

describe('addresses that are not of the public internet', () => {
  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '10.0.0.1',
    '100.100.100.200',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::7f00:1',
    'fe80::1%eth0',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    '2001:db8::1',
    '2001::1',
    '2002:7f00:1::',
  ])('%s', (address) => {
    expect(specialUse(address)).toBeTypeOf('string');
  });

  it.each(['1.1.1.1', '8.8.8.8', '172.32.0.1', '169.253.0.1', '2606:4700:4700::1111', '2a00:1450:4001:81b::200e'])('%s is', (address) => {
    expect(specialUse(address)).toBeUndefined();
  });
});

it('sees through IPv4 that is written as IPv6', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
      const hex = `::ffff:${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
      expect(plainAddress(hex)).toBe(address);
      expect(plainAddress(`::ffff:${address}`)).toBe(address);
    }),
  );
});

it('reads networks, and says which is none', () => {
  const networks = parseNetworks(['127.0.0.0/8', 'fd12::/16', '10.1.2.3']);
  expect(['127.0.0.1', '::ffff:127.0.0.1', 'fd12::5', '10.1.2.3'].map((address) => networks.has(address))).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(['128.0.0.1', 'fd13::5', '10.1.2.4', '::1'].map((address) => networks.has(address))).toEqual([false, false, false, false]);
  for (const wrong of ['localhost', '10.0.0.0/33', '10.0.0/8', 'fd12::/129', '10.0.0.0/x', ''])
    expect(() => parseNetworks([wrong]), wrong).toThrow(/is no network/);
  expect([isNetwork('10.0.0.0/8'), isNetwork('ten')]).toEqual([true, false]);
});
