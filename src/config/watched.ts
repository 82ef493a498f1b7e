import * as z from 'zod';
import { duration, section, whole } from './scalars.ts';

/** A name that becomes a label. */
const name = () => z.string('expected a name').regex(/^[a-zA-Z0-9_.-]{1,63}$/, 'expected a name of 1 to 63 letters, digits, _ . -');
const text = (most: number) => z.string('expected a text').min(1).max(most);
const labels = () =>
  z
    .preprocess((input) => input ?? {}, z.record(z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/), text(128)))
    .refine((given) => Object.keys(given).length <= 8, 'expected 8 labels at most');

const list = <Item extends z.ZodType<{ readonly name: string }>>(item: Item, most: number) =>
  z
    .preprocess((input) => input ?? [], z.array(item, 'expected a list').max(most, `expected ${most} at most`))
    .superRefine((items, context) => {
      items.forEach((one, index) => {
        if (items.findIndex((other) => other.name === one.name) !== index)
          context.addIssue({
            code: 'custom',
            path: [index, 'name'],
            message: `the name ${one.name} is there twice`,
            params: { remedy: 'Give each a name of its own: it is the label by which they are told apart.' },
          });
      });
    });

/** PostgreSQL servers besides the fleet's own database. */
export const databasesSchema = list(section({ name: name(), url: text(2_048), labels: labels() }), 32);

const shared = {
  name: name(),
  labels: labels(),
  every: duration({ min: '1s', max: '1d' }).default(30_000),
  timeout: duration({ min: '100ms', max: '25s' }).default(5_000),
};

const PROBE_NEEDS = { http: ['url'], tcp: ['host', 'port'], tls: ['host'], dns: ['host'] } as const;
const PROBE_TAKES = {
  http: ['url', 'method', 'status', 'contains'],
  tcp: ['host', 'port'],
  tls: ['host', 'port'],
  dns: ['host'],
} as const;
const PROBE_KEYS = ['url', 'method', 'status', 'contains', 'host', 'port'] as const;

/** Endpoints that are asked whether they are there. */
export const probesSchema = list(
  section({
    ...shared,
    type: z.enum(['http', 'tcp', 'tls', 'dns'], 'expected http, tcp, tls or dns'),
    url: text(2_048).optional(),
    method: z.enum(['GET', 'HEAD'], 'expected GET or HEAD').optional(),
    status: z.array(whole(100, 599), 'expected a list of statuses').max(20).optional(),
    contains: text(500).optional(),
    host: text(253).optional(),
    port: whole(1, 65_535).optional(),
  }).superRefine((probe, context) => {
    const complain = (key: string, message: string): void =>
      context.addIssue({
        code: 'custom',
        path: [key],
        message,
        params: { remedy: `A probe of type ${probe.type} takes ${PROBE_TAKES[probe.type].join(', ')}.` },
      });
    for (const key of PROBE_NEEDS[probe.type]) if (probe[key] === undefined) complain(key, `a probe of type ${probe.type} needs ${key}`);
    const takes: readonly string[] = PROBE_TAKES[probe.type];
    for (const key of PROBE_KEYS)
      if (probe[key] !== undefined && !takes.includes(key)) complain(key, `a probe of type ${probe.type} does not take ${key}`);
  }),
  64,
);

/** Programs whose metrics are read in Prometheus' format. */
export const scrapeSchema = list(
  section({
    ...shared,
    url: text(2_048),
    bearer: text(2_048).optional(),
    series: whole(1, 10_000).default(2_000),
  }),
  64,
);
