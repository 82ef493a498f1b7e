import { z } from 'zod';
import { durationSetting } from '../../duration-setting.ts';

const name = z.string().regex(/^[a-zA-Z0-9_.-]{1,63}$/, 'takes 1 to 63 letters, digits, _ . -');
const labels = z.record(z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/), z.string().min(1).max(128)).default({});
const host = z.string().min(1).max(253);
const port = z.number().int().min(1).max(65_535);

const shared = { name, labels, every: durationSetting(1_000, '30s'), timeout: durationSetting(100, '5s') };

/** What is asked whether it is there. */
export const probe = z.discriminatedUnion('type', [
  z.strictObject({
    ...shared,
    type: z.literal('http'),
    url: z.string().min(1).max(2_048),
    method: z.enum(['GET', 'HEAD']).default('GET'),
    /** Default: 200 to 299. */
    status: z.array(z.number().int().min(100).max(599)).max(20).optional(),
    /** A text the answer must hold, in its first 64 kB. */
    contains: z.string().min(1).max(500).optional(),
  }),
  z.strictObject({ ...shared, type: z.literal('tcp'), host, port }),
  z.strictObject({ ...shared, type: z.literal('tls'), host, port: port.default(443) }),
  z.strictObject({ ...shared, type: z.literal('dns'), host }),
]);

export type ProbeConfig = z.output<typeof probe>;

/** A target in Prometheus' format. */
export const scrapeTarget = z.strictObject({
  ...shared,
  url: z.string().min(1).max(2_048),
  /** Sent as `Authorization: Bearer …`. */
  bearer: z.string().min(1).max(2_048).optional(),
  /** Series of a scrape at most. */
  series: z.number().int().min(1).max(10_000).default(2_000),
});

export type ScrapeConfig = z.output<typeof scrapeTarget>;

const MOST = 64;

const named = <Item extends { readonly name: string }>(items: readonly Item[]): boolean =>
  new Set(items.map((item) => item.name)).size === items.length;

/** What an operator may set in `agents.config` of an endpoint_monitor; monitoring.yml says it for the default one. */
export const endpointsConfig = z.strictObject({
  probes: z.array(probe).max(MOST).default([]).refine(named, 'each needs a name of its own'),
  scrape: z.array(scrapeTarget).max(MOST).default([]).refine(named, 'each needs a name of its own'),
});

export type EndpointsConfig = z.output<typeof endpointsConfig>;
