import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { AreaField, SelectField, TextField } from '../../../ui/field.tsx';
import { FormDialog, textOf } from '../../../ui/form-dialog.tsx';
import { traceQueries } from '../queries.ts';
import { givenOf, type Judge, putJudge } from './queries.ts';

const empty = {
  prompt: '',
  model: '',
  scale: { lowest: 0, highest: 1 },
  project: null,
  model_judged: null,
  filter: null,
  share: 0.01,
  budget_usd: 1,
  budget_runs: 500,
  enabled: true,
};

/** What a judge looks for, in words; whose runs it reads; and what that may cost. */
export function JudgeForm({ judge, onClose }: { readonly judge: Judge | undefined; readonly onClose: () => void }): ReactNode {
  const { data } = useQuery(traceQueries.projects());
  const shown = judge ?? empty;
  const names = data?.items.map(({ name }) => name) ?? [];
  return (
    <FormDialog
      title={judge === undefined ? 'New judge' : `The judge ${judge.name}`}
      verb="Save"
      concerns={['judges']}
      onClose={onClose}
      send={(given) => {
        const text = (name: string): string => textOf(given, name);
        return putJudge(judge?.name ?? text('name'), {
          ...(judge === undefined ? {} : givenOf(judge)),
          prompt: text('prompt'),
          model: text('model'),
          scale: { lowest: Number(text('lowest')), highest: Number(text('highest')) },
          project: text('project') === '' ? null : text('project'),
          model_judged: text('model_judged') === '' ? null : text('model_judged'),
          filter: text('filter') === '' ? null : text('filter'),
          share: Number((Number(text('share')) / 100).toPrecision(12)),
          budget_usd: Number(text('budget_usd')),
          budget_runs: Number(text('budget_runs')),
          enabled: shown.enabled,
        });
      }}
    >
      {(faultOf) => (
        <>
          {judge === undefined && (
            <TextField
              label="Name"
              name="name"
              autoFocus
              required
              spellCheck={false}
              placeholder="helpful"
              hint="The key of its scores: lower-case letters, digits, _ . -"
              error={faultOf('/name')}
            />
          )}
          <AreaField
            label="What is a good answer, what a bad one"
            name="prompt"
            rows={5}
            required
            defaultValue={shown.prompt}
            error={faultOf('/prompt')}
          />
          <TextField
            label="Model that judges"
            name="model"
            required
            spellCheck={false}
            placeholder="gpt-4o-mini"
            hint="As the gateway knows it"
            defaultValue={shown.model}
            error={faultOf('/model')}
          />
          <TextField
            label="Only runs that fit"
            name="filter"
            spellCheck={false}
            placeholder="all"
            hint='A filter as the list of traces takes it: `has(tags, "beta")`'
            defaultValue={shown.filter ?? ''}
            error={faultOf('/filter')}
          />
          <div className="grid grid-cols-2 gap-3">
            <SelectField label="Runs of" name="project" defaultValue={shown.project ?? ''} error={faultOf('/project')}>
              <option value="">All projects</option>
              {(shown.project === null || names.includes(shown.project) ? names : [shown.project, ...names]).map((name) => (
                <option key={name}>{name}</option>
              ))}
            </SelectField>
            <TextField
              label="Only of this model"
              name="model_judged"
              placeholder="any"
              spellCheck={false}
              defaultValue={shown.model_judged ?? ''}
              error={faultOf('/model_judged')}
            />
            <TextField
              label="Share of them, in %"
              name="share"
              type="number"
              min={0}
              max={100}
              step="any"
              defaultValue={Number((shown.share * 100).toPrecision(12))}
              error={faultOf('/share')}
            />
            <TextField
              label="Calls a day (UTC)"
              name="budget_runs"
              type="number"
              min={0}
              step={1}
              defaultValue={shown.budget_runs}
              error={faultOf('/budget_runs')}
            />
            <TextField
              label="US dollars a day"
              name="budget_usd"
              type="number"
              min={0}
              step="any"
              defaultValue={shown.budget_usd}
              error={faultOf('/budget_usd')}
            />
            <span className="grid grid-cols-2 gap-3">
              <TextField label="Worst" name="lowest" type="number" step="any" defaultValue={shown.scale.lowest} error={faultOf('/scale')} />
              <TextField label="Best" name="highest" type="number" step="any" defaultValue={shown.scale.highest} />
            </span>
          </div>
        </>
      )}
    </FormDialog>
  );
}
