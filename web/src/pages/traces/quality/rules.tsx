import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useMay } from '../../../api/use-may.ts';
import { Answered } from '../../../ui/answered.tsx';
import { Card, Fact, Facts } from '../../../ui/card.tsx';
import { TextField } from '../../../ui/field.tsx';
import { FormDialog, textOf } from '../../../ui/form-dialog.tsx';
import { formatRatio, grouped } from '../../../ui/format.ts';
import { Button } from '../../../ui/primitives.tsx';
import { type Judged, type Judging, putJudging, qualityQueries } from './queries.ts';

/** What each rule finds; all are on until somebody switches one off. */
const checks: Readonly<Record<string, string>> = {
  not_refused: 'refusals',
  not_empty: 'no answer',
  complete: 'answers that were cut off',
  valid_json: 'broken JSON, or another than was asked for',
  same_language: 'another language than the question’s',
  not_repetitive: 'loops',
  grounded_quotes: 'quotes and addresses that the model was not given',
  usual_latency: 'waits beyond what is usual for the model',
  usual_cost: 'costs beyond what is usual for the model',
};

/** Which runs are judged by rules, and by which: of a project, or where one says nothing for itself. */
export function RulesCard({ project }: { readonly project: string }): ReactNode {
  const query = useQuery(qualityQueries.judging(project));
  const may = useMay('traces:manage');
  const [edits, setEdits] = useState(false);
  return (
    <Card
      title={project === '' ? 'Rules' : `Rules for ${project}`}
      aside={
        may && (
          <Button kind="ghost" onClick={() => setEdits(true)}>
            Change the rules
          </Button>
        )
      }
    >
      <Answered query={query}>
        {(judging) => (
          <>
            {edits && <RulesForm project={project} judging={judging} onClose={() => setEdits(false)} />}
            <Facts>
              <Fact name="Judge">{judging.share === 1 ? 'every answer of a model' : `${formatRatio(judging.share)} of the answers`}</Fact>
              <Fact name="Find">
                {judging.checks.length === 0 ? 'nothing: all are off' : judging.checks.map((key) => checks[key] ?? key).join(', ')}
              </Fact>
              <Fact name="Last day">
                <LastDay judged={judging} />
              </Fact>
              <Fact name="Keep">
                {judging.keep_passes ? 'every verdict with its run' : 'faults with their run; passes are only counted'}
              </Fact>
            </Facts>
          </>
        )}
      </Answered>
    </Card>
  );
}

/** A rule that finds nothing may have found nothing wrong, or nothing to judge by: the two are not the same. */
function LastDay({ judged: { last_day: day } }: { readonly judged: Judged }): ReactNode {
  const looked = day.rules.filter(({ judged, nothing_to_judge: nothing }) => judged + nothing > 0);
  if (looked.length === 0) return day.left_out === 0 ? 'no answer came' : `${grouped(day.left_out)} answers, all left out`;
  return (
    <>
      <ul className="grid gap-x-6 sm:grid-cols-2">
        {looked.map(({ key, judged, nothing_to_judge: nothing }) => (
          <li key={key}>
            <code className="text-xs">{key}</code> judged {grouped(judged)}
            {nothing > 0 && <span className="text-ink-3">, nothing to judge in {grouped(nothing)}</span>}
          </li>
        ))}
      </ul>
      {day.left_out > 0 && <span className="block text-xs text-ink-3">{grouped(day.left_out)} answers were left out</span>}
    </>
  );
}

function RulesForm({
  project,
  judging,
  onClose,
}: {
  readonly project: string;
  readonly judging: Judging;
  readonly onClose: () => void;
}): ReactNode {
  return (
    <FormDialog
      title={project === '' ? 'Rules of all projects' : `Rules for ${project}`}
      verb="Save"
      concerns={['judging']}
      onClose={onClose}
      send={(given) =>
        putJudging(project, {
          share: Number((Number(textOf(given, 'share')) / 100).toPrecision(12)),
          checks: Object.keys(checks).filter((key) => given.get(key) === 'on'),
          keep_passes: given.get('keep_passes') === 'on',
        })
      }
    >
      {(faultOf) => (
        <>
          <TextField
            label="Share of answers that is judged, in %"
            name="share"
            type="number"
            min={0}
            max={100}
            step="any"
            required
            defaultValue={Number((judging.share * 100).toPrecision(12))}
            error={faultOf('/share')}
          />
          <fieldset className="flex flex-col gap-1.5">
            <legend className="mb-1 text-xs font-medium text-ink-2">They find</legend>
            {Object.entries(checks).map(([key, finds]) => (
              <label key={key} className="flex items-center gap-2">
                <input
                  type="checkbox"
                  name={key}
                  defaultChecked={judging.checks.includes(key)}
                  className="size-3.5 accent-[var(--accent)]"
                />
                {finds}
              </label>
            ))}
          </fieldset>
          <label className="flex items-center gap-2">
            <input type="checkbox" name="keep_passes" defaultChecked={judging.keep_passes} className="size-3.5 accent-[var(--accent)]" />
            Passes become feedback of their run, too
          </label>
        </>
      )}
    </FormDialog>
  );
}
