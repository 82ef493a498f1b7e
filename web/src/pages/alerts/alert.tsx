import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { Link } from 'wouter';
import { problemOf } from '../../api/problem.ts';
import { queries } from '../../api/queries.ts';
import type { AlertDetail } from '../../api/types.ts';
import { agentAddress } from '../../ui/address.ts';
import { formatMoment, formatValue, words } from '../../ui/format.ts';
import { Card, Fact, Facts } from '../../ui/card.tsx';
import { Mark } from '../../ui/look.tsx';
import { Ago, Button, PageHeader, ProblemNote, Skeleton } from '../../ui/primitives.tsx';
import { useNow } from '../../live/now.ts';
import { incidentAddress } from '../incidents/types.ts';
import { behindAlert } from '../traces/behind-alert.ts';
import { ruleAddress } from '../rules/types.ts';
import { levelLooks, standingOf } from './looks.ts';
import { useAlertActions } from './use-alert-actions.tsx';

/** One alert: what is wrong, what it costs, what happened since, who was told. */
export function AlertPage({ id }: { readonly id: string }): ReactNode {
  const { data: alert, error, isPending, refetch } = useQuery(queries.alert(id));
  const { allowed, ask, dialog } = useAlertActions();
  const takes = alert?.acknowledged_by === null ? 'acknowledge' : 'unacknowledge';
  const canAct = allowed && alert?.state === 'firing';
  useEffect(() => {
    if (!canAct) return undefined;
    const pressed = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLElement && event.target.closest('input, select, textarea, dialog') !== null;
      if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === 'a') ask(alert, takes);
      else if (event.key === 's') ask(alert, 'silence');
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  });
  if (isPending)
    return (
      <>
        <PageHeader title="Alert" />
        <Skeleton className="h-40" />
      </>
    );
  if (!alert)
    return (
      <>
        <PageHeader title="Alert" />
        <div className="card">
          <ProblemNote problem={problemOf(error)} retry={() => void refetch()} />
        </div>
      </>
    );
  return (
    <>
      {dialog}
      <PageHeader title={alert.summary}>
        {canAct && (
          <>
            <Button icon={takes === 'acknowledge' ? 'check' : 'close'} onClick={() => ask(alert, takes)}>
              {takes === 'acknowledge' ? 'Take on' : 'Give back'}
            </Button>
            <Button icon="silence" onClick={() => ask(alert, 'silence')}>
              Silence
            </Button>
          </>
        )}
      </PageHeader>
      <p className="flex flex-wrap items-center gap-4">
        <Mark look={levelLooks[alert.level]} />
        <Mark look={standingOf(alert)} />
        <span className="text-ink-2 [overflow-wrap:anywhere]">{alert.explanation}</span>
      </p>
      <div className="grid gap-4 lg:grid-cols-2">
        <What alert={alert} />
        <ImpactCard alert={alert} />
        <Timeline alert={alert} />
        <Told alert={alert} />
      </div>
    </>
  );
}

function What({ alert }: { readonly alert: AlertDetail }): ReactNode {
  const { agent_id: agent, runbook, suppression, threshold, unit, value } = alert;
  const behind = behindAlert(alert);
  return (
    <Card title="What is wrong">
      <Facts>
        <Fact name="Rule">
          <Link href={ruleAddress(alert.rule)} className="underline">
            {alert.rule}
          </Link>
        </Fact>
        <Fact name="Target">{alert.target === '' ? '–' : alert.target}</Fact>
        {agent !== null && (
          <Fact name="Agent">
            <Link href={agentAddress(agent)} className="underline">
              {agent}
            </Link>
          </Fact>
        )}
        {behind && (
          <Fact name="Behind it">
            <Link href={behind.href} className="underline">
              {behind.label}
            </Link>
          </Fact>
        )}
        <Fact name="Value">
          {formatValue(value, unit)}
          {threshold !== null && ` (threshold ${formatValue(threshold, unit)})`}
        </Fact>
        <Fact name="Since">
          <Ago at={alert.started_at} />
        </Fact>
        {alert.resolved_at !== null && (
          <Fact name="Resolved">
            <Ago at={alert.resolved_at} />
          </Fact>
        )}
        {alert.acknowledged_by !== null && <Fact name="Has it">{alert.acknowledged_by}</Fact>}
        {suppression !== null && <Fact name="Quiet because">{suppression.reason}</Fact>}
        {runbook !== null && (
          <Fact name="Runbook">
            {/^https?:\/\//.test(runbook) ? (
              <a href={runbook} target="_blank" rel="noreferrer noopener" className="underline">
                {runbook}
              </a>
            ) : (
              runbook
            )}
          </Fact>
        )}
        <Fact name="Incident">
          <Link href={incidentAddress(alert.incident_id)} className="underline">
            Its alerts, its timeline, its post-mortem
          </Link>
        </Fact>
      </Facts>
    </Card>
  );
}

function ImpactCard({ alert }: { readonly alert: AlertDetail }): ReactNode {
  const { cost, error_budget: budget, minutes } = alert.impact;
  const money = (amount: number, currency: string): string =>
    new Intl.NumberFormat('en', { style: 'currency', currency, maximumSignificantDigits: 2 }).format(amount);
  return (
    <Card title="Business impact">
      <Facts>
        <Fact name="Minutes">{minutes.toFixed(minutes < 10 ? 1 : 0)}</Fact>
        <Fact name="Cost">
          {cost === null ? 'not configured' : `${money(cost.total, cost.currency)} (${money(cost.per_minute, cost.currency)} a minute)`}
        </Fact>
        <Fact name="Error budget">
          {budget === null
            ? 'not configured'
            : `${formatValue(budget.burned_ratio, 'ratio')} burned of ${budget.budget_minutes.toFixed(1)} minutes`}
        </Fact>
      </Facts>
      <p className="mt-3 text-xs text-ink-3">Derived: minutes times the rates in config/enterprise.yml.</p>
    </Card>
  );
}

function Timeline({ alert }: { readonly alert: AlertDetail }): ReactNode {
  const now = useNow();
  return (
    <Card title="Timeline">
      <ol className="flex flex-col gap-1.5">
        {alert.timeline.map(({ actor, at, kind, note, seq }) => (
          <li key={seq} className="flex gap-3">
            <time dateTime={at} className="shrink-0 text-ink-3">
              {formatMoment(Date.parse(at), now)}
            </time>
            <span className="min-w-0 [overflow-wrap:anywhere]">
              <span className="font-medium">{words(kind)}</span>
              {actor !== null && ` by ${actor}`}
              {note !== null && <span className="text-ink-2"> {note}</span>}
            </span>
          </li>
        ))}
      </ol>
    </Card>
  );
}

function Told({ alert }: { readonly alert: AlertDetail }): ReactNode {
  return (
    <Card title="Who was told">
      {alert.notifications.length === 0 ? (
        <p className="text-ink-2">
          {alert.channels.length === 0
            ? alert.level === 'critical' || alert.level === 'emergency'
              ? 'Nobody: no channel is enabled, or its rule is to tell none.'
              : 'Nobody: its rule names no channel, and of such rules only what is critical or worse is told.'
            : 'Nobody: it is kept quiet, or its incident was told already.'}
        </p>
      ) : (
        <ol className="flex flex-col gap-1.5">
          {alert.notifications.map((each) => (
            <li key={each.notification_id} className="[overflow-wrap:anywhere]">
              <span className="font-medium">{each.channel}</span> {words(each.kind)}: {each.state}
              <span className="text-ink-2">
                {' '}
                after {each.attempts} {each.attempts === 1 ? 'attempt' : 'attempts'}
                {each.last_error !== null && `, ${each.last_error}`}
              </span>
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}
