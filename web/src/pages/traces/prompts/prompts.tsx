import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { DataTable, dataRow } from '../../../ui/data-table.tsx';
import { grouped } from '../../../ui/format.ts';
import { PagedList } from '../../../ui/paged-list.tsx';
import { Ago, AsOf, Empty, PageHeader } from '../../../ui/primitives.tsx';
import { SearchField } from '../../../ui/search-field.tsx';
import { Segmented } from '../../../ui/segmented.tsx';
import { type Prompt, promptAddress, promptQueries, shortHash } from './queries.ts';

const kinds = [
  { value: 'false', label: 'In use' },
  { value: 'true', label: 'Archived' },
] as const;

/** Prompts that programs push and pull, those that changed last first. */
export function PromptsPage(): ReactNode {
  const [search, setSearch] = useState('');
  const [archived, setArchived] = useState<'true' | 'false'>('false');
  const listed = useInfiniteQuery({ ...promptQueries.list(search, archived === 'true'), placeholderData: keepPreviousData });
  return (
    <>
      <PageHeader title="Prompts" note={<AsOf at={listed.dataUpdatedAt} staleAfterMs={60_000} />}>
        <Segmented legend="Which prompts" options={kinds} value={archived} onChange={setArchived} />
        <SearchField label="Find by name or description" className="w-full sm:w-64" value={search} onChange={setSearch} />
      </PageHeader>
      <div className="card min-w-0">
        <PagedList list={listed} empty={<None search={search} isArchived={archived === 'true'} />}>
          {(items) => <PromptTable prompts={items} />}
        </PagedList>
      </div>
    </>
  );
}

function None({ search, isArchived }: { readonly search: string; readonly isArchived: boolean }): ReactNode {
  if (search !== '') return <Empty title="No prompt is called so" icon="search" />;
  if (isArchived) return <Empty title="No prompt is archived" icon="book" />;
  return (
    <Empty title="No prompt yet" icon="book">
      Push one with LangSmith's SDK: <code>client.pushPrompt("name", {'{ object: prompt }'})</code>, or in Python{' '}
      <code>client.push_prompt("name", object=prompt)</code>. Each push of a change is a version.
    </Empty>
  );
}

function PromptTable({ prompts }: { readonly prompts: readonly Prompt[] }): ReactNode {
  return (
    <DataTable
      label="Prompts, those that changed last first"
      minWidth="min-w-[36rem]"
      columns={[
        { title: 'Prompt' },
        { title: 'Tags' },
        { title: 'Versions', right: true },
        { title: 'Last', right: true },
        { title: 'Changed', right: true },
      ]}
    >
      {prompts.map((prompt) => (
        <tr key={prompt.name} className={dataRow}>
          <th scope="row">
            <Link href={promptAddress(prompt.name)} className="font-medium [overflow-wrap:anywhere] hover:underline">
              {prompt.name}
            </Link>
            {prompt.description !== null && prompt.description !== '' && (
              <span className="line-clamp-2 text-xs text-ink-2 [overflow-wrap:anywhere]">{prompt.description}</span>
            )}
          </th>
          <td className="text-xs text-ink-2 [overflow-wrap:anywhere]">{prompt.tags.join(', ')}</td>
          <td className="text-right">{grouped(prompt.versions)}</td>
          <td className="text-right">{prompt.last_hash === null ? '–' : <code className="text-xs">{shortHash(prompt.last_hash)}</code>}</td>
          <td className="text-right">
            <Ago at={prompt.updated_at} />
          </td>
        </tr>
      ))}
    </DataTable>
  );
}
