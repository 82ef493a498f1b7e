import type * as z from 'zod';
import type { KeyEffect } from './key-effect.ts';
import { currency, duration, flag, networks, quantity, section, size, whole } from './scalars.ts';

const MB = 1024 ** 2;

/** config/enterprise.yml: how the installation is built. */
export const enterpriseSchema = section({
  enterprise: section({
    high_availability: section({
      enabled: flag().default(true),
      read_replicas: whole(0, 32).default(0),
      failover_timeout: duration({ min: '4s', max: '10m', bareUnit: 's' }).default(8_000),
    }),
    performance: section({
      connection_pool_size: whole(2, 200).default(20),
      connection_pool_min: whole(0, 200).default(5),
      query_timeout: duration({ min: '100ms', max: '1h' }).default(30_000),
      connect_timeout: duration({ min: '100ms', max: '5m' }).default(5_000),
      lock_timeout: duration({ min: '100ms', max: '10m' }).default(10_000),
      cache_size: size().default(512 * MB),
    }),
    security: section({
      ssl_required: flag().default(false),
      encryption_at_rest: flag().default(false),
      audit_logging: flag().default(false),
      allowed_networks: networks().default([]),
      allow_commands: flag().default(false),
    }),
    business_intelligence: section({
      executive_reports: flag().default(false),
      cost_tracking: flag().default(false),
      roi_calculation: flag().default(false),
      predictive_analytics: flag().default(false),
    }),
    alerting: section({
      business_impact_alerts: flag().default(false),
      executive_notifications: flag().default(false),
      escalation_procedures: flag().default(false),
      cost_threshold_alerts: flag().default(false),
    }),
    business: section({
      currency: currency().default('USD'),
      cost_per_minute: section({
        info: quantity(0, 1e9).default(0),
        warning: quantity(0, 1e9).default(0),
        critical: quantity(0, 1e9).default(0),
        emergency: quantity(0, 1e9).default(0),
      }),
      objective: quantity(0, 0.999999).default(0),
      window: duration({ min: '1h', max: '366d' }).default(30 * 86_400_000),
    }),
  }),
});

export type Enterprise = z.output<typeof enterpriseSchema>['enterprise'];

/** What each key does, for `muster validate` and the reference. A key that does nothing says so. */
export const ENTERPRISE_EFFECTS: readonly KeyEffect[] = [
  { path: 'high_availability.enabled', effect: null },
  { path: 'high_availability.read_replicas', effect: null },
  {
    path: 'high_availability.failover_timeout',
    effect: "How long a host may be silent before another takes over its agents (the host's lease). A bare number counts seconds.",
  },
  {
    path: 'performance.connection_pool_size',
    effect: 'Connections this process opens to PostgreSQL at most, beside two that are reserved for heartbeats.',
  },
  { path: 'performance.connection_pool_min', effect: 'Connections kept open when idle.' },
  {
    path: 'performance.query_timeout',
    effect: 'A statement that takes longer is cancelled by the server. A bare number counts milliseconds.',
  },
  { path: 'performance.connect_timeout', effect: 'How long opening a connection may take.' },
  { path: 'performance.lock_timeout', effect: 'How long a statement may wait for a lock.' },
  { path: 'performance.cache_size', effect: null },
  {
    path: 'security.ssl_required',
    effect:
      'Connections to DATABASE_URL use TLS and verify certificate and host name (sslmode=verify-full). The embedded server listens on loopback only and is not concerned.',
  },
  { path: 'security.encryption_at_rest', effect: null },
  { path: 'security.audit_logging', effect: null },
  {
    path: 'security.allowed_networks',
    effect:
      'Networks besides the public internet that channels, probes, actions, providers of models and forwards of traces may call, inside which plain HTTP and bare addresses are allowed too. MUSTER_ALLOWED_NETWORKS goes before.',
  },
  {
    path: 'security.allow_commands',
    effect: 'Channels and actions may run shell commands on this host. MUSTER_ALLOW_COMMANDS goes before.',
  },
  { path: 'business_intelligence.executive_reports', effect: null },
  { path: 'business_intelligence.cost_tracking', effect: null },
  { path: 'business_intelligence.roi_calculation', effect: null },
  { path: 'business_intelligence.predictive_analytics', effect: null },
  { path: 'alerting.business_impact_alerts', effect: null },
  { path: 'alerting.executive_notifications', effect: null },
  { path: 'alerting.escalation_procedures', effect: null },
  { path: 'alerting.cost_threshold_alerts', effect: null },
  { path: 'business.currency', effect: 'The currency of the costs below, three capital letters.' },
  {
    path: 'business.cost_per_minute.info',
    effect: 'What a minute costs in which an alert of this level fires. 0: not configured, and alerts say so.',
  },
  { path: 'business.cost_per_minute.warning', effect: 'The same for warnings.' },
  { path: 'business.cost_per_minute.critical', effect: 'The same for critical alerts.' },
  { path: 'business.cost_per_minute.emergency', effect: 'The same for emergencies.' },
  {
    path: 'business.objective',
    effect:
      'The share of time that things must work, such as 0.999: critical alerts tell how much of the error budget they burned. 0: not configured.',
  },
  { path: 'business.window', effect: 'The time over which the objective holds.' },
];
