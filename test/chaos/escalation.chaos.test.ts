import { expect, it } from 'vitest';
import { Receiver } from '../alerting/support/receiver.ts';
import { Program, type Ready } from '../cli/support/program.ts';
import { until } from '../support/until.ts';

const muster = Program.forThisFile();
const KEY = 'a-key-of-this-test';

interface Page {
  readonly items: readonly Record<string, unknown>[];
}

it('a silence, an acknowledgement and a timer that were accepted are kept through kill -9, and the step is taken once', async () => {
  const cwd = muster.folder();
  const start = () =>
    muster.start(['up', '--port', '0', '--no-open', '--json'], {
      cwd,
      env: { MUSTER_BOOTSTRAP_KEY: KEY, MUSTER_ALLOWED_NETWORKS: '127.0.0.0/8' },
    });
  await using receiver = await new Receiver().start();
  const first = start();
  let ready: Ready = await first.ready();
  const ask = async <T = Page>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> => {
    const answer = await fetch(`${ready.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${KEY}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  };
  const alertOf = async (agent: string) => (await ask('GET', `/alerts?state=firing&agent_id=${agent}`)).items[0];
  const bad = (...agents: readonly string[]) =>
    ask(
      'POST',
      '/metrics',
      agents.map((agent) => ({ agent_id: agent, metric_name: 'queue', metric_value: 5 })),
    );
  /** Messages about an alert, by the id that stays the same whatever is tried again. */
  const told = (alertId: string) =>
    [...new Map(receiver.received.map(({ body, id }) => [id, body])).values()]
      .filter((body) => body?.data?.alert?.id === alertId)
      .map((body) => String(body.type));

  await ask('POST', '/channels', { name: 'ops', type: 'webhook', url: receiver.url, secret: 'chaos' });
  await ask('POST', '/escalation-policies', { name: 'p', default: true, steps: [{ wait: '15s', notify: ['channel:ops'] }] });
  await ask('POST', '/rules', { name: 'q', metric_name: 'queue', operator: '>', threshold: 1, level: 'critical', channels: ['ops'] });
  const silence = await ask<{ readonly silence_id: string }>('POST', '/silences', {
    matchers: ['agent=silenced'],
    reason: 'upgrade',
    duration: '1h',
  });
  await bad('taken', 'open');
  await until('both fire', async () => (await alertOf('taken')) !== undefined && (await alertOf('open')) !== undefined, 30_000);
  const taken = String((await alertOf('taken'))?.['alert_id']);
  const open = String((await alertOf('open'))?.['alert_id']);
  await ask('POST', `/alerts/${taken}/acknowledge`, { by: 'kim', for: '1h' });
  const incident = String((await alertOf('open'))?.['incident_id']);
  const timer = async () => (await ask('GET', `/escalations?incident_id=${incident}`)).items[0];
  await until('the timer runs', async () => (await timer())?.['state'] === 'waiting', 30_000);
  await until('both were told', () => [taken, open].every((alertId) => told(alertId).includes('alert.firing')), 30_000);
  await first.stop('SIGKILL');
  expect(told(open)).toEqual(['alert.firing']);

  const second = start();
  ready = await second.ready();
  expect((await ask('GET', '/silences')).items).toMatchObject([{ silence_id: silence.silence_id, reason: 'upgrade', ended_by: null }]);
  expect(await alertOf('taken')).toMatchObject({ alert_id: taken, acknowledged_by: 'kim' });
  await bad('silenced');
  await until('the step is taken', () => told(open).includes('alert.escalated'), 60_000);
  await until('the silence holds', async () => Boolean((await alertOf('silenced'))?.['suppression']), 30_000);
  expect(await timer()).toMatchObject({ state: 'exhausted', steps_taken: 1 });
  const silenced = await alertOf('silenced');
  expect(silenced).toMatchObject({ suppression: { kind: 'silence', id: silence.silence_id } });
  // Killed once more: what was told is not told again.
  await second.stop('SIGKILL');
  const third = start();
  ready = await third.ready();
  await until(
    'alerts are moved again',
    async () => {
      await bad('later');
      return (await alertOf('later')) !== undefined;
    },
    60_000,
  );
  expect(told(open).filter((type) => type === 'alert.escalated')).toHaveLength(1);
  expect(told(taken)).not.toContain('alert.escalated');
  expect(told(String(silenced?.['alert_id']))).toEqual([]);
  await third.stop();
}, 180_000);
