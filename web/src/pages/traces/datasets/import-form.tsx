import { type ReactNode, useState } from 'react';
import { ApiProblem } from '../../../api/problem.ts';
import { TextField } from '../../../ui/field.tsx';
import { FormDialog, textOf } from '../../../ui/form-dialog.tsx';
import { type Dataset, importFile } from './queries.ts';

/** Adds the examples of a file. A table of plain values needs to be told which of its columns go in, and which should come out. */
export function ImportForm({ dataset, onClose }: { readonly dataset: Dataset; readonly onClose: () => void }): ReactNode {
  const [isTable, setIsTable] = useState(false);
  return (
    <FormDialog
      title={`Import into ${dataset.name}`}
      verb="Import"
      concerns={['datasets']}
      onClose={onClose}
      send={async (given) => {
        const file = given.get('file');
        if (!(file instanceof File) || file.size === 0)
          throw new ApiProblem({ status: 0, code: 'INVALID_INPUT', title: 'No file', detail: 'Choose a file that holds examples.' });
        await importFile(dataset.dataset_id, {
          format: isTableFile(file.name) ? 'csv' : 'jsonl',
          text: await file.text(),
          inputs: textOf(given, 'inputs'),
          outputs: textOf(given, 'outputs'),
        });
      }}
    >
      {(faultOf) => (
        <>
          <TextField
            label="File"
            name="file"
            type="file"
            accept=".jsonl,.ndjson,.csv,application/x-ndjson,text/csv"
            className="[&_input]:h-auto [&_input]:py-1.5"
            hint='JSON Lines, a line an example: `{"inputs": {…}, "outputs": {…}}`; or CSV with a first line of names'
            onChange={(event) => setIsTable(isTableFile(event.target.files?.[0]?.name ?? ''))}
            error={faultOf('/')}
          />
          {isTable && (
            <div className="grid grid-cols-2 gap-3">
              <TextField
                label="Columns that go in"
                name="inputs"
                placeholder="question"
                hint="With commas; none: the column `inputs` holds JSON"
              />
              <TextField label="Columns that should come out" name="outputs" placeholder="answer" />
            </div>
          )}
        </>
      )}
    </FormDialog>
  );
}

const isTableFile = (name: string): boolean => /\.csv$/i.test(name);
