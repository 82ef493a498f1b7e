import type { Alert } from './alert.ts';
import type { Verdict, VerdictSource } from './verdict.ts';

/** An alert that has not lived yet. For tests. */
export const anAlert = (more: Partial<Alert> = {}): Alert => ({
  alertId: 'a1',
  dedupKey: 'cpu{agent=a1}',
  rule: 'cpu',
  target: 'agent=a1',
  labels: { agent: 'a1' },
  agentId: 'a1',
  metricName: 'cpu_ratio',
  unit: 'ratio',
  state: 'firing',
  level: 'critical',
  verdict: 'firing',
  value: 0.97,
  threshold: 0.9,
  summary: 'cpu on agent=a1',
  explanation: 'cpu_ratio is 0.97, above 0.9',
  runbook: null,
  channels: ['ops'],
  subjects: ['agent:a1'],
  incidentId: 'i1',
  startedAt: 500,
  detectedAt: 1_000,
  updatedAt: 1_000,
  resolvedAt: null,
  acknowledgedBy: null,
  acknowledgedAt: null,
  acknowledgedUntil: null,
  suppression: null,
  toldLevel: null,
  toldAt: null,
  toldOn: [],
  tellAt: null,
  seq: 0,
  impact: {},
  ...more,
});

export const aVerdict = (more: Partial<Verdict> = {}): Verdict => ({
  rule: 'cpu',
  target: 'agent=a1',
  labels: { agent: 'a1' },
  agentId: 'a1',
  metricName: 'cpu_ratio',
  unit: 'ratio',
  state: 'firing',
  level: 'critical',
  value: 0.97,
  threshold: 0.9,
  since: 500,
  at: 1_000,
  explanation: 'cpu_ratio is 0.97, above 0.9',
  isGone: false,
  ...more,
});

/** Where there are no rules. */
export const noRules: VerdictSource = {
  evaluate: async () => ({
    at: 0,
    changes: [],
    needsSave: false,
    rules: new Map(),
    save: async () => undefined,
    settle: () => undefined,
    nextAt: null,
  }),
};
