import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { problemOf } from '../../../api/problem.ts';
import { useMay } from '../../../api/use-may.ts';
import { Answered } from '../../../ui/answered.tsx';
import { Card, Fact, Facts } from '../../../ui/card.tsx';
import { CopyButton } from '../../../ui/copy-button.tsx';
import { formatSeconds, grouped } from '../../../ui/format.ts';
import { Menu } from '../../../ui/menu.tsx';
import { More } from '../../../ui/more.tsx';
import { Ago, Empty, PageHeader, ProblemNote, Skeleton } from '../../../ui/primitives.tsx';
import { useQuestion } from '../../../ui/use-question.tsx';
import { listAddress } from '../address.ts';
import { DiffCard } from '../compare/diff-card.tsx';
import { jsonText } from '../compare/text.ts';
import { JsonView } from '../conversation/json-view.tsx';
import { formatCost } from '../money.ts';
import { JsonPart, Part } from '../trace/part.tsx';
import {
  dropPrompt,
  type Prompt,
  promptAddress,
  promptQueries,
  shortHash,
  usedWithin,
  type Version,
  type WholeVersion,
} from './queries.ts';
import { VersionTags } from './tags.tsx';
import { TemplateView } from './template.tsx';
import { templateText } from './variables.ts';

/** One prompt: its versions on the left, the one that is chosen on the right, with what changed since another. */
export function PromptPage({ name }: { readonly name: string }): ReactNode {
  const query = useQuery(promptQueries.one(name));
  const prompt = query.data;
  if (prompt === undefined)
    return (
      <>
        <PageHeader title={name} />
        <div className="card">
          <Answered query={query}>{() => null}</Answered>
        </div>
      </>
    );
  return (
    <>
      <Header prompt={prompt} />
      {prompt.last_hash === null ? (
        <div className="card">
          <Empty title="It has no version yet" icon="book">
            Push one with LangSmith's SDK:{' '}
            <code>
              client.pushPrompt("{prompt.name}", {'{ object: prompt }'})
            </code>
            .
          </Empty>
        </div>
      ) : (
        <Versions prompt={prompt} last={prompt.last_hash} />
      )}
    </>
  );
}

function Header({ prompt }: { readonly prompt: Prompt }): ReactNode {
  const may = useMay('traces:write');
  const [, navigate] = useLocation();
  const { ask, dialog } = useQuestion();
  const remove = (): void =>
    ask({
      title: `Delete ${prompt.name}?`,
      text: 'All its versions go with it, and programs that pull it fail. The runs that used it stay.',
      verb: 'Delete',
      isGrave: true,
      act: () => dropPrompt(prompt.name),
      concerns: ['prompts'],
      after: () => navigate('/traces/prompts'),
    });
  return (
    <>
      {dialog}
      <PageHeader title={prompt.name} note={prompt.is_archived ? <span className="text-xs text-warn">archived</span> : undefined}>
        {prompt.tags.map((tag) => (
          <span key={tag} className="rounded-sm border border-line px-1.5 text-2xs text-ink-2">
            {tag}
          </span>
        ))}
        {may && (
          <Menu label="More of this prompt" items={[{ id: 'remove', label: 'Delete the prompt', icon: 'close', onSelect: remove }]} />
        )}
      </PageHeader>
      {prompt.description !== null && prompt.description !== '' && (
        <p className="text-ink-2 [overflow-wrap:anywhere]">{prompt.description}</p>
      )}
      <Used prompt={prompt.name} />
    </>
  );
}

/** What the runs that name this prompt came to: LangChain writes its name into their metadata when it is pulled. */
function Used({ prompt }: { readonly prompt: string }): ReactNode {
  const { data } = useQuery(promptQueries.used(prompt));
  if (data === undefined) return <Skeleton className="h-5 w-72" />;
  const { errors, latency_p50_seconds: latency, runs, total_cost: cost } = data.total;
  return (
    <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-ink-2">
      {runs === 0 ? (
        <span>
          No run of the last {usedWithin.label} names it in its metadata (<code>lc_hub_repo</code> or <code>prompt_name</code>).
        </span>
      ) : (
        <>
          <Link href={listAddress({ prompt })} className="font-medium text-ink underline decoration-line-strong hover:decoration-current">
            {grouped(runs)} {runs === 1 ? 'run' : 'runs'} in {usedWithin.label}
          </Link>
          {errors > 0 && (
            <Link href={listAddress({ prompt, status: 'error' })} className="text-bad underline">
              {grouped(errors)} failed
            </Link>
          )}
          {latency !== null && <span>half within {formatSeconds(latency)}</span>}
          <span>{formatCost(cost)}</span>
        </>
      )}
    </p>
  );
}

function Versions({ prompt, last }: { readonly prompt: Prompt; readonly last: string }): ReactNode {
  const given = new URLSearchParams(useSearch());
  const shown = given.get('version') ?? last;
  const listed = useInfiniteQuery(promptQueries.versions(prompt.name));
  const items = listed.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className="grid min-w-0 items-start gap-4 lg:grid-cols-[18rem_minmax(0,1fr)]">
      <nav aria-label="Versions" className="card min-w-0 lg:max-h-[calc(100dvh-14rem)] lg:overflow-auto">
        <h2 className="border-b border-line px-4 py-2.5 text-sm font-semibold">
          {grouped(prompt.versions)} {prompt.versions === 1 ? 'version' : 'versions'}
        </h2>
        {listed.data === undefined && !listed.isPending && (
          <ProblemNote problem={problemOf(listed.error)} retry={() => void listed.refetch()} />
        )}
        <ol className="divide-y divide-line max-lg:max-h-56 max-lg:overflow-auto">
          {items.map((version) => (
            <VersionRow key={version.hash} prompt={prompt.name} version={version} isShown={version.hash.startsWith(shown)} />
          ))}
        </ol>
        <More list={listed}>Older</More>
      </nav>
      <div className="flex min-w-0 flex-col gap-4">
        <Shown key={shown} prompt={prompt.name} hash={shown} against={given.get('against') ?? undefined} versions={items} />
      </div>
    </div>
  );
}

function VersionRow({
  prompt,
  version,
  isShown,
}: {
  readonly prompt: string;
  readonly version: Version;
  readonly isShown: boolean;
}): ReactNode {
  return (
    <li>
      <Link
        href={promptAddress(prompt, version.hash)}
        replace
        aria-current={isShown ? 'true' : undefined}
        className="flex flex-col gap-0.5 px-4 py-2 hover:bg-raised aria-[current=true]:bg-raised"
      >
        <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <code className="text-xs font-medium">{shortHash(version.hash)}</code>
          {version.tags.map((tag) => (
            <span key={tag} className="rounded-sm border border-line-strong px-1.5 text-2xs [overflow-wrap:anywhere]">
              {tag}
            </span>
          ))}
          <Ago at={version.created_at} className="ml-auto text-xs text-ink-3" />
        </span>
        {version.description !== null && version.description !== '' && (
          <span className="line-clamp-2 text-xs text-ink-2 [overflow-wrap:anywhere]">{version.description}</span>
        )}
      </Link>
    </li>
  );
}

function Shown({
  prompt,
  hash,
  against,
  versions,
}: {
  readonly prompt: string;
  readonly hash: string;
  readonly against: string | undefined;
  readonly versions: readonly Version[];
}): ReactNode {
  const query = useQuery(promptQueries.version(prompt, hash));
  return (
    <Answered query={query}>
      {(version) => (
        <>
          <Card
            title={`Version ${shortHash(version.hash)}`}
            aside={
              <>
                <Link
                  href={listAddress({ prompt, filter: filterOf(version.hash), all: true })}
                  className="text-xs text-ink-2 underline decoration-line-strong hover:decoration-current"
                >
                  its runs
                </Link>
                <CopyButton label="Copy its hash" text={() => version.hash} />
              </>
            }
          >
            <Content prompt={prompt} version={version} tags={versions.find((each) => each.hash === version.hash)?.tags ?? version.tags} />
          </Card>
          <Changes prompt={prompt} version={version} against={against} versions={versions} />
        </>
      )}
    </Answered>
  );
}

/** LangChain writes the version into the metadata of the runs that used it. */
const filterOf = (hash: string): string => `and(eq(metadata_key, "lc_hub_commit_hash"), eq(metadata_value, "${hash}"))`;

function Content({
  prompt,
  version,
  tags,
}: {
  readonly prompt: string;
  readonly version: WholeVersion;
  readonly tags: readonly string[];
}): ReactNode {
  const { manifest, template } = version;
  return (
    <div className="flex min-w-0 flex-col gap-3">
      <Facts>
        <Fact name="Tags">
          <VersionTags prompt={prompt} hash={version.hash} tags={tags} />
        </Fact>
        {template !== null && template.variables.length > 0 && <Fact name="Variables">{template.variables.join(', ')}</Fact>}
        {template !== null && template.model !== null && <Fact name="Model">{template.model}</Fact>}
      </Facts>
      {template === null ? <JsonView value={manifest} label="What was pushed, as JSON" /> : <TemplateView template={template} />}
      {template !== null && template.schema !== null && (
        <Part title="What is to come back">
          <JsonView value={template.schema} label="Schema of what is to come back" />
        </Part>
      )}
      {template !== null && <JsonPart title="What was pushed" value={manifest} shut />}
    </div>
  );
}

/** What is different from the version before, or from any other that is chosen. */
function Changes({
  prompt,
  version,
  against,
  versions,
}: {
  readonly prompt: string;
  readonly version: WholeVersion;
  readonly against: string | undefined;
  readonly versions: readonly Version[];
}): ReactNode {
  const [, navigate] = useLocation();
  const base = against ?? version.parent_hash;
  if (base === null) return <p className="text-xs text-ink-3">It is the first version.</p>;
  const others = versions.filter(({ hash }) => hash !== version.hash);
  return (
    <>
      <label className="flex flex-wrap items-center gap-2 text-xs text-ink-2">
        Compared with
        <select
          className="h-8 max-w-full rounded-md border border-line-strong bg-surface px-2 text-ink"
          value={base}
          onChange={(event) => navigate(`${promptAddress(prompt, version.hash)}&against=${event.target.value}`, { replace: true })}
        >
          {[...others.map(({ hash }) => hash), ...(others.some(({ hash }) => hash === base) ? [] : [base])].map((hash) => (
            <option key={hash} value={hash}>
              {[shortHash(hash), ...(hash === version.parent_hash ? ['the version before'] : []), ...tagsOf(versions, hash)].join(' · ')}
            </option>
          ))}
        </select>
      </label>
      <Difference prompt={prompt} base={base} version={version} />
    </>
  );
}

const tagsOf = (versions: readonly Version[], hash: string): readonly string[] =>
  versions.find((version) => version.hash === hash)?.tags ?? [];

function Difference({
  prompt,
  base,
  version,
}: {
  readonly prompt: string;
  readonly base: string;
  readonly version: WholeVersion;
}): ReactNode {
  const query = useQuery(promptQueries.version(prompt, base));
  return <Answered query={query}>{(before) => <DiffCard title="What changed" texts={[textOf(before), textOf(version)]} />}</Answered>;
}

const textOf = ({ manifest, template }: WholeVersion): string => (template === null ? jsonText(manifest) : templateText(template));
