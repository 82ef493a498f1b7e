import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { examineConfig, loadConfig } from './load.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'muster-watched-'));
  mkdirSync(join(cwd, 'config'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

const write = (text: string): void => writeFileSync(join(cwd, 'config/monitoring.yml'), text);
const environment = { ORDERS_DATABASE_URL: 'postgresql://monitor@db/orders' };

describe('what monitoring.yml has watched', () => {
  it('is read with its defaults and the environment', () => {
    write(`databases:
  - name: orders
    url: \${ORDERS_DATABASE_URL}
    labels: { team: shop }
probes:
  - { name: shop, type: http, url: "https://shop.example.com", status: [200, 204] }
  - { name: mail, type: tcp, host: mail.example.com, port: 25, every: 1m }
scrape:
  - { name: worker, url: "https://worker.example.com/metrics" }
`);
    const { databases, probes, scrape } = loadConfig({ environment, cwd }).monitoring;
    expect(databases).toEqual([{ name: 'orders', url: environment.ORDERS_DATABASE_URL, labels: { team: 'shop' } }]);
    expect(probes).toMatchObject([
      { name: 'shop', type: 'http', every: 30_000, timeout: 5_000, status: [200, 204] },
      { name: 'mail', every: 60_000, port: 25 },
    ]);
    expect(scrape).toMatchObject([{ name: 'worker', series: 2_000, labels: {} }]);
  });

  it.each([
    ['databases: orders', 'config/monitoring.yml:1:12', /expected a list/, /./],
    ['databases:\n  - { name: orders, uri: x }', 'config/monitoring.yml:2:21', /unknown key "uri"/, /Did you mean "url"/],
    ['databases:\n  - { name: "a b", url: x }', 'config/monitoring.yml:2:13', /1 to 63 letters/, /./],
    ['databases:\n  - { name: a, url: x }\n  - { name: a, url: y }', 'config/monitoring.yml:3:13', /there twice/, /name of its own/],
    ['probes:\n  - { name: a, type: tcp, host: b }', 'config/monitoring.yml:2:5', /needs port/, /takes host, port/],
    ['probes:\n  - { name: a, type: dns, host: b, port: 53 }', 'config/monitoring.yml:2:42', /does not take port/, /takes host/],
    ['probes:\n  - { name: a, type: icmp, host: b }', 'config/monitoring.yml:2:22', /http, tcp, tls or dns/, /./],
    ['scrape:\n  - { name: a, url: x, series: 1000000 }', 'config/monitoring.yml:2:32', /1 to 10000/, /./],
  ])('is refused at its place where %j', (text, where, message, remedy) => {
    write(text);
    const findings = examineConfig({ environment, cwd }).findings.filter(({ severity }) => severity === 'error');
    expect(findings.find((finding) => finding.where === where)).toMatchObject({
      where,
      message: expect.stringMatching(message) as string,
      remedy: expect.stringMatching(remedy) as string,
    });
  });

  it('says no secret where it is refused', () => {
    write('databases:\n  - { name: "a b", url: "${ORDERS_DATABASE_URL}" }');
    expect(JSON.stringify(examineConfig({ environment, cwd }).findings)).not.toContain('monitor@db');
  });
});
