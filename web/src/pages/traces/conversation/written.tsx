import { type ReactNode, useMemo, useState } from 'react';
import { grouped } from '../../../ui/format.ts';
import { Button } from '../../../ui/primitives.tsx';
import { type Block, blocksOf, type Span } from './markdown.ts';

/** So much of one text is drawn at first: a prompt may hold a whole book. */
const shown = 20_000;

/** What a model or a user wrote, with its Markdown. Elements are made from text, so nothing in it can become a page's own. Arabic and Hebrew run from the right. */
export function Written({ text }: { readonly text: string }): ReactNode {
  const [whole, setWhole] = useState(false);
  const drawn = whole ? text : text.slice(0, shown);
  const blocks = useMemo(() => blocksOf(drawn), [drawn]);
  return (
    <div className="flex max-w-[88ch] min-w-0 flex-col gap-2.5 [overflow-wrap:anywhere]">
      {blocks.map((block, index) => (
        <BlockView key={index} block={block} />
      ))}
      {drawn.length < text.length && (
        <Button className="self-start" onClick={() => setWhole(true)}>
          Show all {grouped(text.length)} characters
        </Button>
      )}
    </div>
  );
}

function BlockView({ block }: { readonly block: Block }): ReactNode {
  switch (block.kind) {
    case 'paragraph':
      return (
        <p dir="auto" className="whitespace-pre-wrap">
          <Spans spans={block.spans} />
        </p>
      );
    case 'heading':
      // Not a heading of this page: its outline is ours.
      return (
        <p dir="auto" className="font-semibold">
          <Spans spans={block.spans} />
        </p>
      );
    case 'code':
      return (
        <pre
          className="overflow-x-auto rounded-md border border-line bg-raised px-3 py-2 text-xs leading-5"
          tabIndex={0}
          role="region"
          aria-label={block.language === '' ? 'Code' : `Code, ${block.language}`}
        >
          <code>{block.text}</code>
        </pre>
      );
    case 'list': {
      const items = block.items.map((spans, index) => (
        <li key={index} dir="auto" className="whitespace-pre-wrap">
          <Spans spans={spans} />
        </li>
      ));
      return block.ordered ? (
        <ol start={block.start} className="ml-5 flex list-decimal flex-col gap-1">
          {items}
        </ol>
      ) : (
        <ul className="ml-5 flex list-disc flex-col gap-1">{items}</ul>
      );
    }
    case 'quote':
      return (
        <blockquote dir="auto" className="border-l-2 border-line-strong pl-3 whitespace-pre-wrap text-ink-2">
          <Spans spans={block.spans} />
        </blockquote>
      );
    case 'table':
      return (
        <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Table">
          <table className="border-collapse text-left [&_td]:border [&_td]:border-line [&_td]:px-2 [&_td]:py-1 [&_th]:border [&_th]:border-line [&_th]:bg-raised [&_th]:px-2 [&_th]:py-1 [&_th]:font-medium">
            <thead>
              <tr>
                {block.head.map((spans, column) => (
                  <th key={column} scope="col" dir="auto">
                    <Spans spans={spans} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {block.rows.map((cells, row) => (
                <tr key={row}>
                  {cells.map((spans, column) => (
                    <td key={column} dir="auto">
                      <Spans spans={spans} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
    case 'rule':
      return <hr className="border-line" />;
  }
}

function Spans({ spans }: { readonly spans: readonly Span[] }): ReactNode {
  return spans.map((span, index) => {
    switch (span.kind) {
      case 'text':
        return span.text;
      case 'code':
        return (
          <code key={index} className="rounded-sm bg-raised px-1 py-px">
            {span.text}
          </code>
        );
      case 'strong':
        return <strong key={index}>{span.text}</strong>;
      case 'emphasis':
        return <em key={index}>{span.text}</em>;
      case 'link':
        return (
          <a key={index} href={span.href} target="_blank" rel="noreferrer noopener nofollow" className="underline">
            {span.text}
          </a>
        );
    }
  });
}
