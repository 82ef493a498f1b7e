import * as z from 'zod';
import type { KeyEffect } from './key-effect.ts';
import { recoveryActionSchema } from './recovery-actions.ts';
import { duration, flag, quantity, section, wholeDays } from './scalars.ts';
import { databasesSchema, probesSchema, scrapeSchema } from './watched.ts';

const days = (count: number): number => count * 86_400_000;

const level = () => quantity(-1e18, 1e18).optional();

/** Where a check becomes a finding, in the unit of what it reads. A level that is left out keeps its default. */
const thresholdSchema = section({ warning: level(), critical: level(), emergency: level() });

const NAMES = z.array(z.string().min(1).max(300)).max(1_000).optional();

/** A line of the status page, and what it is judged by: down where all of it is down, degraded where some of it is. */
const statusComponent = z.strictObject({
  name: z.string().min(1).max(100),
  database: z.boolean().optional(),
  databases: NAMES,
  agents: NAMES,
  hosts: NAMES,
  monitors: NAMES,
});

/** config/monitoring.yml: how often things are looked at, where they become findings, and how long what was seen is kept. */
const monitoringShape = z.strictObject({
  intervals: section({
    heartbeat: duration({ min: '250ms', max: '1m' }).default(2_000),
    metrics: duration({ min: '1s', max: '1h' }).default(5_000),
    metrics_slow: duration({ min: '1s', max: '1d' }).default(30_000),
    metrics_rare: duration({ min: '1s', max: '1d' }).default(300_000),
    health: duration({ min: '1s', max: '1h' }).default(30_000),
  }),
  // Which names there are is known to the modules that check: whoever loads the file says so (LoadOptions.thresholds).
  thresholds: z
    .preprocess((input) => input ?? {}, z.record(z.string(), thresholdSchema))
    .describe('names of checks, each with warning, critical, emergency'),
  // What a rule is, the module that evaluates them knows: whoever loads the file says so (LoadOptions.rules).
  rules: z.preprocess((input) => input ?? [], z.array(z.unknown())).describe('rules, as in docs/rules.md'),
  databases: databasesSchema.describe('a list of name, url and labels'),
  probes: probesSchema.describe('a list of name, type and what the type takes'),
  scrape: scrapeSchema.describe('a list of name, url and more'),
  actions: z.preprocess((input) => input ?? [], z.array(recoveryActionSchema).max(200)).describe('a list of healing actions'),
  status_page: section({
    enabled: flag().default(true),
    title: z.string().min(1).max(200).default('Status').describe('text'),
    components: z
      .array(statusComponent)
      .max(100)
      .default([])
      .describe('list of components, each with name and any of database, databases, agents, hosts, monitors'),
  }),
  retention: section({
    metrics_rows: wholeDays(1, 90).default(days(2)),
    metrics_detail: wholeDays(1, 3_650).default(days(30)),
    metrics_by_minute: wholeDays(1, 3_650).default(days(30)),
    metrics_by_hour: wholeDays(1, 36_500).default(days(730)),
    heartbeats: wholeDays(1, 3_650).default(days(30)),
    events: wholeDays(1, 3_650).default(days(30)),
    commands: wholeDays(1, 3_650).default(days(30)),
    hosts: wholeDays(1, 3_650).default(days(7)),
    runs: wholeDays(1, 3_650).default(days(7)),
    agent_logs: wholeDays(1, 3_650).default(days(7)),
    agent_history: wholeDays(1, 3_650).default(days(90)),
    notifications: wholeDays(1, 3_650).default(days(90)),
    health_scores: wholeDays(1, 3_650).default(days(30)),
    alerts: wholeDays(1, 3_650).default(days(90)),
    healing: wholeDays(1, 3_650).default(days(365)),
  }),
});

export const monitoringSchema = z.preprocess((input) => input ?? {}, monitoringShape);

/** The same, with what a rule must be. */
export const monitoringSchemaWith = (rules: z.ZodType<unknown[]>) =>
  z.preprocess((input) => input ?? {}, monitoringShape.extend({ rules }));

export type Monitoring = z.output<typeof monitoringSchema>;

/** What each key does, for the reference. */
export const MONITORING_EFFECTS: readonly KeyEffect[] = [
  { path: 'intervals.heartbeat', effect: 'How often a host renews its lease and the heartbeats of all its agents, in one statement.' },
  { path: 'intervals.metrics', effect: 'How often performance_monitor reads what is cheap: host, process and database counters.' },
  { path: 'intervals.metrics_slow', effect: 'How often it reads what costs the database more, such as statements and locks.' },
  { path: 'intervals.metrics_rare', effect: 'How often it reads what changes slowly, such as the sizes of tables.' },
  { path: 'intervals.health', effect: 'How often heartbeat_health_agent judges what it finds.' },
  {
    path: 'thresholds',
    effect:
      'Where a check of heartbeat_health_agent becomes a finding, by the name of the check: `database.connections_ratio: { warning: 0.7 }`. A level that is left out keeps its default.',
  },
  { path: 'status_page.enabled', effect: 'Whether `/status` is there for everybody.' },
  { path: 'status_page.title', effect: 'What the page is called.' },
  {
    path: 'status_page.components',
    effect:
      'What it shows: `- { name: Invoices, agents: [billing], monitors: [nightly] }`. Left out: the database, and hosts, agents and jobs as a whole.',
  },
  {
    path: 'rules',
    effect:
      'Rules of this installation, each as `POST /api/v1/rules` takes it (docs/rules.md). The file is watched: a change is in force within seconds, and while the file is not valid the last good one stays so.',
  },
  {
    path: 'databases',
    effect:
      'PostgreSQL servers that performance_monitor watches besides the fleet’s own: `- { name: orders, url: "${ORDERS_DATABASE_URL}", labels: { team: shop } }`. See [Monitoring](../monitoring.md).',
  },
  {
    path: 'probes',
    effect:
      'Endpoints that endpoint_monitor asks whether they are there, of type http, tcp, tls or dns: `- { name: shop, type: http, url: "https://shop.example.com/health", every: 30s, timeout: 5s }`. See [Probes](../probes.md).',
  },
  {
    path: 'scrape',
    effect:
      'Programs whose metrics endpoint_monitor reads in Prometheus’ format: `- { name: shop, url: "https://shop.example.com/metrics", every: 30s, series: 2000 }`. See [Probes](../probes.md).',
  },
  {
    path: 'actions',
    effect: 'Healing actions of your own, by SQL, agent command, HTTP or shell, each bound to alerts: see docs/recovery.md.',
  },
  {
    path: 'retention.metrics_rows',
    effect: 'How long samples stay rows, for plain SQL on performance_metrics; then they are packed into chunks.',
  },
  { path: 'retention.metrics_detail', effect: 'How long every sample is kept, as row or in a chunk.' },
  { path: 'retention.metrics_by_minute', effect: 'How long averages by the minute are kept.' },
  { path: 'retention.metrics_by_hour', effect: 'How long averages by the hour are kept.' },
  {
    path: 'retention.heartbeats',
    effect: 'How long the history of heartbeats is kept: one row an agent and minute, one for each change of status.',
  },
  { path: 'retention.events', effect: 'How long events are kept.' },
  { path: 'retention.commands', effect: 'How long finished commands are kept.' },
  { path: 'retention.hosts', effect: 'How long hosts that are gone stay in the list.' },
  { path: 'retention.runs', effect: 'How long the ledger of runs is kept.' },
  { path: 'retention.agent_logs', effect: 'How long what agents say (`ctx.log`) is kept.' },
  {
    path: 'retention.agent_history',
    effect: 'How long it is kept which hosts held an agent, and why it moved; of each agent the newest 200 times at most.',
  },
  {
    path: 'retention.notifications',
    effect:
      'How long messages that were delivered, given up or cancelled are kept, with their attempts; of each message at most 100 of these.',
  },
  { path: 'retention.health_scores', effect: 'How long changes of health scores are kept.' },
  {
    path: 'retention.alerts',
    effect: 'How long alerts that are over are kept with their timeline, and incidents, silences and maintenance windows that are.',
  },
  {
    path: 'retention.healing',
    effect: 'How long healing runs that are over are kept; the success rate of an action is counted from them.',
  },
];
