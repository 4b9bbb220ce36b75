/**
 * Markdown as React elements. No HTML is ever made from a model's text, so none of it can run; pictures are links, and links go
 * only to http, https and mailto. A finished block is parsed and drawn once, however long the text goes on.
 */
import { memo, type ReactNode } from "react";
import { CopyButton } from "../CopyButton.tsx";
import { type Block, parseBlocks } from "./blocks.ts";
import { useGrowing } from "./growing.ts";
import { type Inline, parseInline } from "./inline.ts";
import { Formula } from "./Math.tsx";
import { splitBlocks } from "./split.ts";
import { finished } from "./unfinished.ts";
import { visible } from "./visible.ts";

const MOST_ROWS = 200;
const MOST_COLUMNS = 40;

/** @param growing more of the text is to come: marks still open at its end are taken as closed */
export function Markdown({ text, growing = false }: { readonly text: string; readonly growing?: boolean }) {
  // A list or a table may still join the piece before.
  const pieces = useGrowing(visible(text), splitBlocks, 2);
  return (
    <div className="markdown" dir="auto">
      {pieces.map((piece, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: pieces only ever grow at the end
        <Piece key={index} text={growing && index === pieces.length - 1 ? finished(piece) : piece} />
      ))}
    </div>
  );
}

const Piece = memo(function Piece({ text }: { readonly text: string }) {
  return parseBlocks(text).map(drawBlock);
});

function drawBlock(block: Block, key: number): ReactNode {
  switch (block.kind) {
    case "paragraph":
      return <p key={key}>{drawInline(block.text)}</p>;
    case "heading": {
      // Each answer is headed at the second level. Models begin anywhere in the first three, so that those are one.
      const Tag = `h${Math.max(3, block.level)}` as "h3";
      return <Tag key={key}>{drawInline(block.text)}</Tag>;
    }
    case "code":
      return <Code key={key} language={block.language} text={block.text} />;
    case "math":
      return <Formula key={key} source={block.text} display />;
    case "rule":
      return <hr key={key} />;
    case "quote":
      return <blockquote key={key}>{block.blocks.map(drawBlock)}</blockquote>;
    case "list":
      return block.start === null ? (
        <ul key={key}>{block.items.map(drawItem)}</ul>
      ) : (
        <ol key={key} start={block.start}>
          {block.items.map(drawItem)}
        </ol>
      );
    case "table":
      return <Table key={key} head={block.head} rows={block.rows} />;
  }
}

const drawItem = (blocks: readonly Block[], key: number): ReactNode => (
  <li key={key}>
    {blocks.length === 1 && blocks[0].kind === "paragraph" ? drawInline(blocks[0].text) : blocks.map(drawBlock)}
  </li>
);

const drawInline = (text: string): ReactNode => parseInline(text).map(drawPart);

function drawPart(part: Inline, key: number): ReactNode {
  switch (part.kind) {
    case "text":
      return part.text;
    case "code":
      return <code key={key}>{part.text}</code>;
    case "math":
      return <Formula key={key} source={part.text} display={false} />;
    case "break":
      return <br key={key} />;
    case "strong":
      return <strong key={key}>{part.children.map(drawPart)}</strong>;
    case "em":
      return <em key={key}>{part.children.map(drawPart)}</em>;
    case "del":
      return <del key={key}>{part.children.map(drawPart)}</del>;
    case "link":
      return (
        <a key={key} href={part.href} title={part.href} target="_blank" rel="noopener noreferrer nofollow">
          {part.children.map(drawPart)}
        </a>
      );
  }
}

function Table({ head, rows }: { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }) {
  const columns = head.slice(0, MOST_COLUMNS);
  return (
    // biome-ignore lint/a11y/useSemanticElements lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reachable by keyboard
    <div className="table" role="group" tabIndex={0} aria-label="table">
      <table>
        <thead>
          <tr>
            {columns.map((cell, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns have no names of their own and never move
              <th key={at} scope="col">
                {drawInline(cell)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST_ROWS).map((row, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows have no names and never move
            <tr key={at}>
              {columns.map((_, column) => (
                <td key={columns[column] + String(column)}>{drawInline(row[column] ?? "")}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST_ROWS && <p className="quiet">{rows.length - MOST_ROWS} more rows are not shown.</p>}
    </div>
  );
}

const Code = ({ language, text }: { readonly language: string; readonly text: string }) => (
  <figure className="code">
    <figcaption>
      <span>{language || "text"}</span>
      <CopyButton text={text} />
    </figcaption>
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reachable by keyboard */}
    <pre tabIndex={0}>
      <code>{text}</code>
    </pre>
  </figure>
);
