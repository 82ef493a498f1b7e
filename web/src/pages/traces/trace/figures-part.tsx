import { type ReactNode, useMemo } from 'react';
import { Fact, Facts } from '../../../ui/card.tsx';
import { formatSeconds, grouped } from '../../../ui/format.ts';
import { formatCost } from '../money.ts';
import type { RunDetail } from '../types.ts';
import { Part } from './part.tsx';
import { sumsOf, type Tree } from './tree.ts';
import { type Detail, priceSource, usageOf } from './usage.ts';

/** How long it took, what it used and what that cost; parts of a figure stand behind it, because they are in it. */
export function FiguresPart({ run, tree }: { readonly run: RunDetail; readonly tree: Tree }): ReactNode {
  const sums = useMemo(() => sumsOf(tree, run.run_id), [tree, run.run_id]);
  const usage = usageOf(run.usage);
  const { first_token_seconds: first, latency_seconds: latency } = run;
  const tokens = run.total_tokens !== null || run.prompt_tokens !== null || run.completion_tokens !== null;
  const streaming = first !== null && latency !== null && run.completion_tokens !== null && latency > first;
  return (
    <Part title="Time, tokens and cost">
      <Facts>
        <Fact name="Latency">{latency === null ? 'not known: it has no end' : formatSeconds(latency)}</Fact>
        {first !== null && (
          <Fact name="First token">
            after {formatSeconds(first)}
            {streaming && (
              <span className="text-ink-3">
                , then {Math.round((run.completion_tokens ?? 0) / (latency - first)).toString()} tokens a second
              </span>
            )}
          </Fact>
        )}
        {tokens && (
          <>
            <Fact name="Input">
              <Tokens total={run.prompt_tokens} parts={usage.prompt} />
            </Fact>
            <Fact name="Output">
              <Tokens total={run.completion_tokens} parts={usage.completion} />
            </Fact>
            <Fact name="Tokens">{run.total_tokens === null ? '–' : grouped(run.total_tokens)}</Fact>
            <Fact name="Cost">
              {run.total_cost === null ? (
                <span className="text-warn">no price is known for {run.model ?? 'this model'}</span>
              ) : (
                <>
                  {formatCost(run.total_cost)}
                  <span className="text-ink-3">
                    {run.input_cost !== null &&
                      run.output_cost !== null &&
                      ` (input ${formatCost(run.input_cost)}, output ${formatCost(run.output_cost)})`}
                    {usage.price !== undefined && `, ${priceSource(usage.price)}`}
                  </span>
                </>
              )}
            </Fact>
          </>
        )}
        {sums.runs > 1 && sums.tokens > 0 && (
          <Fact name="In all">
            {grouped(sums.tokens)} tokens
            {sums.cost !== null && `, ${formatCost(sums.cost)}`}
            {sums.unpriced > 0 && <span className="text-warn">, {grouped(sums.unpriced)} calls without a price</span>}
            <span className="text-ink-3">, with the {sums.runs === 2 ? 'run' : `${grouped(sums.runs - 1)} runs`} below it</span>
          </Fact>
        )}
        {usage.sampleRate !== undefined && <Fact name="Sampled">one of {grouped(Math.round(1 / usage.sampleRate))} like it was kept</Fact>}
      </Facts>
    </Part>
  );
}

function Tokens({ total, parts }: { readonly total: number | null; readonly parts: readonly Detail[] }): ReactNode {
  return (
    <>
      {total === null ? '–' : grouped(total)}
      {parts.length > 0 && (
        <span className="text-ink-3">, of them {parts.map(({ amount, name }) => `${grouped(amount)} ${name}`).join(', ')}</span>
      )}
    </>
  );
}
