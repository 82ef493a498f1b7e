import { type ReactNode, useState } from 'react';
import { useMay } from '../../../api/use-may.ts';
import { TextField } from '../../../ui/field.tsx';
import { FormDialog, textOf } from '../../../ui/form-dialog.tsx';
import { Button } from '../../../ui/primitives.tsx';
import { useQuestion } from '../../../ui/use-question.tsx';
import { dropTag, putTag, shortHash } from './queries.ts';

/** Which tags are on a version; programs pull by them, so moving one is how a version goes into use. */
export function VersionTags({
  prompt,
  hash,
  tags,
}: {
  readonly prompt: string;
  readonly hash: string;
  readonly tags: readonly string[];
}): ReactNode {
  const may = useMay('traces:write');
  const [adding, setAdding] = useState(false);
  const { ask, dialog } = useQuestion();
  return (
    <span className="flex flex-wrap items-center gap-1.5">
      {dialog}
      {adding && <TagForm prompt={prompt} hash={hash} onClose={() => setAdding(false)} />}
      {tags.length === 0 && <span className="text-ink-3">none</span>}
      {tags.map((tag) => (
        <span
          key={tag}
          className="inline-flex items-center gap-1 rounded-sm border border-line-strong px-1.5 text-xs [overflow-wrap:anywhere]"
        >
          {tag}
          {may && (
            <button
              type="button"
              aria-label={`Remove the tag ${tag}`}
              className="rounded-sm text-ink-3 hover:text-ink"
              onClick={() =>
                ask({
                  title: `Remove the tag ${tag}?`,
                  text: 'Programs that pull the prompt by it fail until it is on a version again.',
                  verb: 'Remove',
                  isGrave: true,
                  act: () => dropTag(prompt, tag),
                  concerns: ['prompts'],
                })
              }
            >
              ×
            </button>
          )}
        </span>
      ))}
      {may && (
        <Button kind="ghost" className="-my-1.5" onClick={() => setAdding(true)}>
          Tag this version
        </Button>
      )}
    </span>
  );
}

function TagForm({ prompt, hash, onClose }: { readonly prompt: string; readonly hash: string; readonly onClose: () => void }): ReactNode {
  return (
    <FormDialog
      title={`Tag version ${shortHash(hash)}`}
      verb="Tag it"
      concerns={['prompts']}
      onClose={onClose}
      send={(given) => putTag(prompt, textOf(given, 'tag'), hash)}
    >
      {(faultOf) => (
        <TextField
          label="Tag"
          name="tag"
          autoFocus
          required
          maxLength={256}
          hint={`Programs that pull \`${prompt}:tag\` get this version from then on. A tag that is on another version moves here.`}
          error={faultOf('/tag')}
        />
      )}
    </FormDialog>
  );
}
