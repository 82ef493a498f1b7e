import { memo, type ReactNode } from 'react';
import { Link } from 'wouter';
import type { Host, Point } from '../../api/types.ts';
import { lastOf } from '../../charts/align.ts';
import { Sparkline } from '../../charts/sparkline.tsx';
import type { Given } from '../../live/commands.ts';
import { verbLabels } from '../../shell/command-tray.tsx';
import { formatCount, hostName } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Menu } from '../../ui/menu.tsx';
import { Ago, StandingLabel } from '../../ui/primitives.tsx';
import { type Action, actionsOf } from './actions.ts';
import { HealthFigure } from './health-figure.tsx';
import type { Row } from './list.ts';
import { agentAddress } from '../../ui/address.ts';

export interface AgentRowProps {
  readonly row: Row;
  readonly index: number;
  readonly height: number;
  readonly active: boolean;
  readonly host: Host | undefined;
  readonly runs: readonly Point[] | undefined;
  /** A command given here that has not ended yet. */
  readonly open: Given | undefined;
  readonly allowed: boolean;
  readonly onFocus: (agentId: string) => void;
  readonly onAct: (agentId: string, action: Action) => void;
}

export const AgentRow = memo(function AgentRow({
  row,
  index,
  height,
  active,
  host,
  runs,
  open,
  allowed,
  onFocus,
  onAct,
}: AgentRowProps): ReactNode {
  const { agent, standing } = row;
  const slot = standing === 'open_slot';
  const id = agent.agent_id;
  const purpose = typeof agent.metadata['purpose'] === 'string' ? agent.metadata['purpose'] : undefined;
  const status = open ? (
    <span className="inline-flex items-center gap-2 align-middle whitespace-nowrap text-accent">
      <Icon name="restart" className="turning size-3" />
      {verbLabels[open.verb]} {open.state === 'sending' ? 'sent' : open.state}
    </span>
  ) : (
    <StandingLabel standing={standing} reason={agent.reason ?? agent.last_error} />
  );
  return (
    <tr
      data-agent={id}
      aria-rowindex={index + 2}
      style={{ height }}
      className={`group border-b border-line last:border-0 focus-within:bg-raised hover:bg-raised ${slot ? 'text-ink-3' : ''}`}
    >
      <td className="overflow-hidden pl-4">
        <Link
          href={agentAddress(id)}
          tabIndex={active ? 0 : -1}
          onFocus={() => onFocus(id)}
          className={`block truncate rounded-sm font-mono text-xs leading-5 outline-offset-1 hover:underline ${slot ? 'text-ink-3' : 'font-medium text-ink'}`}
        >
          {id}
        </Link>
        <span className="mt-0.5 block truncate text-xs leading-4 sm:hidden">{status}</span>
      </td>
      {/* An open slot has no figures: what it is for runs on over their empty cells. */}
      <td className={`hidden px-2 sm:table-cell ${slot ? 'overflow-visible whitespace-nowrap' : 'overflow-hidden'}`}>
        {status}
        {slot && purpose !== undefined && <span className="ml-6 hidden text-xs text-ink-3 lg:inline">{purpose}</span>}
      </td>
      <td className="hidden px-2 text-right sm:table-cell">{slot ? null : <HealthFigure score={agent.health_score} />}</td>
      <td className="px-2 text-right text-ink-2">{slot ? null : <Ago at={agent.last_heartbeat_at} suffix="" />}</td>
      <td className="hidden px-2 xl:table-cell">
        {runs && lastOf(runs) && (
          <span className="flex items-center gap-2">
            <Sparkline points={runs} />
            <span className="text-xs text-ink-2">{formatCount(lastOf(runs)?.value ?? 0)}</span>
          </span>
        )}
      </td>
      <td className="hidden px-2 text-right lg:table-cell">{slot ? null : formatCount(agent.run_count)}</td>
      <td className={`hidden px-2 text-right lg:table-cell ${agent.error_count > 0 ? 'font-medium text-bad' : 'text-ink-3'}`}>
        {slot ? null : formatCount(agent.error_count)}
      </td>
      <td className="hidden truncate px-2 text-ink-2 md:table-cell" title={agent.host_id ?? undefined}>
        {agent.host_id !== null && hostName({ hostname: host?.hostname ?? null, host_id: agent.host_id })}
      </td>
      <td className="hidden px-2 text-right text-ink-3 xl:table-cell">{agent.epoch === 0 ? '' : formatCount(agent.epoch)}</td>
      <td className="pr-1 text-right sm:pr-3">
        <Menu
          label={`Actions for ${id}`}
          tabIndex={active ? 0 : -1}
          items={actionsOf(agent, standing).map((action) => ({
            id: action.verb,
            label: action.label,
            icon: action.icon,
            disabled: !allowed || action.unfit !== undefined,
            ...(allowed ? (action.unfit === undefined ? {} : { hint: action.unfit }) : { hint: 'needs role operator' }),
            onSelect: () => onAct(id, action),
          }))}
        />
      </td>
    </tr>
  );
});
