import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Role } from '../../state/access.ts';
import { bootstrapKey } from './bootstrap-key.ts';
import { FAILURE_LIMITS, Failures, networkOf } from './failures.ts';
import { hostnameOf, isLoopbackAddress, isLoopbackHost, isSameOrigin } from './origin.ts';
import { allows, ROLES, type Permission } from '../../http/permissions.ts';
import { newKey, parseKey, sha256 } from './secrets.ts';

describe('a permission', () => {
  const permission = fc.constantFrom<Permission>('a:read', 'a:write', 'a:manage', 'b:read');
  const scopes = fc.option(fc.subarray(['a:read', 'a:write', 'a:manage', 'b:read']));

  test('is never gained by a lower role or by narrower scopes', () => {
    fc.assert(
      fc.property(fc.constantFrom<Role>(...ROLES), scopes, permission, fc.subarray(['a:read', 'b:read']), (role, held, wanted, fewer) => {
        const lower = ROLES.slice(0, ROLES.indexOf(role));
        if (!allows({ role, scopes: held }, wanted)) {
          for (const below of lower) expect(allows({ role: below, scopes: held }, wanted)).toBe(false);
          expect(allows({ role, scopes: (held ?? fewer).filter((scope) => fewer.includes(scope)) }, wanted)).toBe(false);
        }
      }),
    );
  });
});

describe('wrong credentials', () => {
  const { burst, forgiveEveryMs } = FAILURE_LIMITS;

  test('are judged twenty at once, and one more every three seconds', () => {
    const failures = new Failures();
    for (let i = 0; i < burst; i++) {
      expect(failures.waitMs('192.0.2.1', 0)).toBe(0);
      failures.note('192.0.2.1', 0);
    }
    expect(failures.waitMs('192.0.2.1', 0)).toBe(forgiveEveryMs);
    expect(failures.waitMs('192.0.2.1', forgiveEveryMs)).toBe(0);
    expect(failures.waitMs('192.0.2.2', 0)).toBe(0);
  });

  test('within a day are judged at most as often as the limit says, however they are timed', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 500 }), (pauses) => {
        const failures = new Failures();
        let [now, judged] = [0, 0];
        for (const pause of pauses) {
          now += pause;
          if (failures.waitMs('a', now) > 0) continue;
          failures.note('a', now);
          judged += 1;
        }
        expect(judged).toBeLessThanOrEqual(burst + now / forgiveEveryMs);
      }),
    );
  });

  test('from ever new addresses take no more memory', () => {
    const failures = new Failures({ ...FAILURE_LIMITS, addresses: 3 });
    for (let i = 0; i < 10; i++) failures.note(`192.0.2.${i}`, 0);
    for (let i = 0; i < 30; i++) failures.note('192.0.2.9', 0);
    expect(failures.waitMs('192.0.2.9', 0)).toBeGreaterThan(0);
  });

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
  ])('%s counts as %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe('a key', () => {
  test('is 256 random bits under a name that can be shown', () => {
    const fresh = newKey();
    const parts = parseKey(fresh.key);
    expect(parts?.keyId).toBe(fresh.keyId);
    expect(Buffer.from(parts?.secret ?? '', 'base64url')).toHaveLength(32);
    expect(sha256(parts?.secret ?? '')).toEqual(fresh.secretHash);
  });

  test('is read only in its own form', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseKey(text)).toBeUndefined();
      }),
    );
    expect(parseKey(`${newKey().key} `)).toBeUndefined();
  });
});

describe('the bootstrap key', () => {
  test('matches itself alone', () => {
    const key = bootstrapKey('correct horse'.replace(' ', '-'));
    expect([key.matches('correct-horse'), key.matches('correct-hors'), key.matches('')]).toEqual([true, false, false]);
    expect(key.fingerprint).not.toContain('correct');
    expect(bootstrapKey('correct-horse').fingerprint).toBe(key.fingerprint);
    expect(bootstrapKey('correct-house').fingerprint).not.toBe(key.fingerprint);
  });

  test.each(['', 'elevenchars', 'with a space in it', 'naïve-key-of-mine', 'line\nbreak-in-key'])('%j is refused', (text) => {
    expect(() => bootstrapKey(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});

describe('where a request comes from', () => {
  test.each([
    ['localhost:4680', 'localhost'],
    ['LOCALHOST', 'localhost'],
    ['127.0.0.1:1', '127.0.0.1'],
    ['[::1]:4680', '::1'],
    ['[::1]', '::1'],
    ['muster.example', 'muster.example'],
  ])('the Host %s names %s', (header, name) => {
    expect(hostnameOf(header)).toBe(name);
  });

  test.each([undefined, '', 'a b', 'a:b:c', '[::1', '::1', 'a/b', 'user@localhost', 'localhost:80:80'])(
    'the Host %j names nobody',
    (header) => {
      expect(hostnameOf(header)).toBeUndefined();
    },
  );

  test('loopback is what it looks like, and nothing else', () => {
    expect(['localhost', '127.0.0.1', '127.255.0.1', '::1'].every(isLoopbackHost)).toBe(true);
    expect(['0.0.0.0', '::', '127.0.0.1.evil.example', '128.0.0.1', 'localhost.evil.example', ''].some(isLoopbackHost)).toBe(false);
    expect(isLoopbackAddress('::ffff:127.0.0.1')).toBe(true);
    expect(isLoopbackAddress('::ffff:10.0.0.1')).toBe(false);
  });

  test('only a page of this very server is the same origin', () => {
    expect(isSameOrigin({ 'sec-fetch-site': 'same-origin', host: 'a' })).toBe(true);
    expect(isSameOrigin({ 'sec-fetch-site': 'cross-site', origin: 'http://a', host: 'a' })).toBe(false);
    expect(isSameOrigin({ origin: 'http://a:1', host: 'a:1' })).toBe(true);
    expect(isSameOrigin({ origin: 'http://a:1', host: 'a:2' })).toBe(false);
    expect(isSameOrigin({ origin: 'nonsense', host: 'a' })).toBe(false);
    expect(isSameOrigin({ host: 'a' })).toBe(false);
  });
});
