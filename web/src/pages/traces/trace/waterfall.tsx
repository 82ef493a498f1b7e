import { type ReactNode, type RefObject, useEffect, useRef } from 'react';
import { formatCount, formatSeconds, grouped } from '../../../ui/format.ts';
import { Icon } from '../../../ui/icons.tsx';
import { useWindowRows } from '../../../ui/use-window-rows.ts';
import { nameOf, statusLooks, typeIcons, typeNames } from '../looks.ts';
import { formatCost } from '../money.ts';
import { barOf, endOf, scaleOf, type Tree, type TreeNode } from './tree.ts';
import { onTreeKey } from './use-tree-keys.ts';

export const rowHeight = 28;
/** Deeper than this, a row is no further to the right: names must stay readable. */
const mostIndent = 12;

export interface WaterfallProps {
  readonly tree: Tree;
  readonly rows: readonly TreeNode[];
  readonly selected: string;
  readonly onSelect: (runId: string) => void;
  readonly folded: ReadonlySet<string>;
  readonly onFold: (runId: string, folded: boolean) => void;
  readonly found: ReadonlySet<string>;
  readonly now: number;
}

/** The runs of a trace as a tree, each with a bar where in time it was. Ten thousand rows cost what the screen shows of them. */
export function Waterfall(props: WaterfallProps): ReactNode {
  const { tree, rows, selected, onSelect, folded, onFold } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const { first, end } = useWindowRows(body, rows.length, rowHeight);
  const at = rows.findIndex(({ run }) => run.run_id === selected);
  useReveal(scroller, at);
  const go = (index: number): void => {
    const node = rows[Math.max(0, Math.min(rows.length - 1, index))];
    if (node) onSelect(node.run.run_id);
  };
  return (
    <div
      ref={scroller}
      role="tree"
      tabIndex={0}
      aria-label="Runs of this trace"
      aria-activedescendant={at >= first && at < end ? `run-${selected}` : undefined}
      onKeyDown={(event) => onTreeKey(event, { rows, at, tree, folded, go, fold: onFold })}
      className="min-h-0 flex-1 overflow-auto overscroll-contain -outline-offset-2"
    >
      <Scale tree={tree} />
      <div ref={body} role="none" className="relative" style={{ height: rows.length * rowHeight }}>
        {rows.slice(first, end).map((node, index) => (
          <Row
            key={node.run.run_id}
            node={node}
            top={(first + index) * rowHeight}
            isSelected={node.run.run_id === selected}
            isFolded={folded.has(node.run.run_id)}
            isFound={props.found.has(node.run.run_id)}
            onSelect={onSelect}
            onFold={onFold}
            tree={tree}
            now={props.now}
          />
        ))}
      </div>
    </div>
  );
}

/** Above the bars: since when, and until when. The rows tell ears how long each lasts. */
function Scale({ tree }: { readonly tree: Tree }): ReactNode {
  const times = scaleOf(tree);
  if (times.length === 0) return null;
  return (
    <div
      aria-hidden="true"
      className="sticky top-0 z-1 flex h-6 items-center gap-2 border-b border-line bg-surface pr-3 text-2xs text-ink-3"
    >
      <span className="w-[55%] shrink-0 sm:w-[48%]" />
      <span className="relative h-full min-w-0 flex-1">
        {times.map((seconds, index) => (
          <span
            key={seconds}
            className={`absolute top-1 whitespace-nowrap ${index === 0 ? '' : index === times.length - 1 ? '-translate-x-full' : 'hidden -translate-x-1/2 sm:inline'}`}
            style={{ left: `${(index / (times.length - 1)) * 100}%` }}
          >
            {formatSeconds(seconds)}
          </span>
        ))}
      </span>
      <span className="w-16 shrink-0" />
    </div>
  );
}

/** Scrolls to what was selected by a key, a link or a search, and no further than it must. */
function useReveal(scroller: RefObject<HTMLDivElement | null>, at: number): void {
  useEffect(() => {
    const element = scroller.current;
    if (!element || at < 0) return;
    const top = at * rowHeight;
    if (top < element.scrollTop + rowHeight) element.scrollTo({ top: Math.max(0, top - 2 * rowHeight) });
    else if (top + 2 * rowHeight > element.scrollTop + element.clientHeight)
      element.scrollTo({ top: top + 3 * rowHeight - element.clientHeight });
  }, [scroller, at]);
}

interface RowProps {
  readonly node: TreeNode;
  readonly top: number;
  readonly isSelected: boolean;
  readonly isFolded: boolean;
  readonly isFound: boolean;
  readonly onSelect: (runId: string) => void;
  readonly onFold: (runId: string, folded: boolean) => void;
  readonly tree: Tree;
  readonly now: number;
}

const fills = { success: 'bg-accent', error: 'bg-bad', pending: 'bg-idle' } as const;

function Row({ node, top, isSelected, isFolded, isFound, onSelect, onFold, tree, now }: RowProps): ReactNode {
  const { below, depth, run } = node;
  const seconds = (endOf(run, now) - Date.parse(run.start_time)) / 1_000;
  const lasts = run.end_time === null && run.status !== 'pending' ? 'no end' : formatSeconds(seconds);
  return (
    <div
      role="treeitem"
      tabIndex={-1}
      id={`run-${run.run_id}`}
      aria-level={depth + 1}
      aria-selected={isSelected}
      aria-expanded={below > 0 ? !isFolded : undefined}
      onClick={() => onSelect(run.run_id)}
      style={{ transform: `translateY(${top}px)`, height: rowHeight }}
      className={`absolute inset-x-0 flex cursor-pointer items-center gap-2 pr-3 ${isSelected ? 'tint-accent' : isFound ? 'tint-warn' : 'hover:bg-raised'}`}
    >
      <span
        className="flex h-full w-[55%] min-w-0 shrink-0 items-center gap-1.5 sm:w-[48%]"
        style={{ paddingLeft: 8 + Math.min(depth, mostIndent) * 14 }}
      >
        {below > 0 ? (
          <span
            role="presentation"
            className="flex size-4 shrink-0 items-center justify-center rounded-sm text-ink-3 hover:bg-line"
            title={`${isFolded ? 'Show' : 'Hide'} ${grouped(below)} below`}
            onClick={(event) => {
              event.stopPropagation();
              onFold(run.run_id, !isFolded);
            }}
          >
            <Icon name={isFolded ? 'right' : 'down'} className="size-3" />
          </span>
        ) : (
          <span className="w-4 shrink-0" />
        )}
        <Icon
          name={run.status === 'error' ? 'critical' : typeIcons[run.run_type]}
          className={`size-3.5 ${run.status === 'error' ? 'text-bad' : 'text-ink-3'}`}
        />
        <span className={`min-w-0 truncate ${run.status === 'error' ? 'text-bad' : ''}`} title={nameOf(run)}>
          {nameOf(run)}
          <span className="sr-only">{`, ${typeNames[run.run_type]}, ${statusLooks[run.status].label},`}</span>
        </span>
        {depth > mostIndent && <span className="shrink-0 text-2xs text-ink-3">{depth}</span>}
        {isFolded && below > 0 && <span className="shrink-0 rounded-full bg-raised px-1.5 text-2xs text-ink-2">{grouped(below)}</span>}
        {run.total_tokens !== null && (
          <span className="ml-auto hidden shrink-0 text-2xs text-ink-3 2xl:inline">
            {formatCount(run.total_tokens)} tok{run.total_cost === null ? '' : `, ${formatCost(run.total_cost)}`}
          </span>
        )}
      </span>
      <Bar node={node} tree={tree} now={now} />
      <span className="w-16 shrink-0 text-right text-xs text-ink-2">{lasts}</span>
    </div>
  );
}

function Bar({ node, tree, now }: { readonly node: TreeNode; readonly tree: Tree; readonly now: number }): ReactNode {
  const { first, left, width } = barOf(node.run, tree, now);
  return (
    <span aria-hidden="true" className="relative h-full min-w-0 flex-1">
      <span
        className={`absolute top-2.5 h-2 min-w-0.5 overflow-hidden rounded-sm ${fills[node.run.status]} ${node.run.run_type === 'llm' ? '' : 'opacity-60'}`}
        style={{ left: `${Math.min(99.5, left * 100)}%`, width: `${Math.max(0.3, width * 100)}%` }}
      >
        {/* The time until the first token: nothing was seen of it yet. */}
        {first !== null && (
          <span
            className="absolute inset-y-0 left-0 bg-[color-mix(in_oklab,var(--surface)_55%,transparent)]"
            style={{ width: `${first * 100}%` }}
          />
        )}
      </span>
    </span>
  );
}
