// What the documents show: their fenced blocks, with the line of each, and their links to files.

export interface Block {
  /** The document, from the package's root. */
  readonly document: string;
  /** The line of the opening fence. */
  readonly line: number;
  readonly language: string;
  /** The words after the language. */
  readonly marks: readonly string[];
  readonly text: string;
  /** Why the block is not run: `<!-- no-run: REASON -->` on the line before it. */
  readonly reason: string | undefined;
}

const FENCE = /^(`{3,})(\S*)[ \t]*(.*)$/;

/** All fenced blocks of a document. Throws where a fence is left open. */
export function blocksOf(document: string, markdown: string): Block[] {
  const lines = markdown.split(/\r?\n/);
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const fence = FENCE.exec(lines[at]!);
    if (fence === null) continue;
    const end = lines.indexOf(fence[1]!, at + 1);
    if (end < 0) throw new Error(`${document}:${at + 1}: this fence is never closed`);
    const marks = fence[3]!.split(/\s+/).filter(mark => mark !== '');
    const reason = /^<!-- no-run: (.+) -->$/.exec(lines[at - 1] ?? '')?.[1];
    blocks.push({ document, line: at + 1, language: fence[2]!, marks, text: `${lines.slice(at + 1, end).join('\n')}\n`, reason });
    at = end;
  }
  return blocks;
}

/** The targets of links to files, without what comes after #. Links to other places are left out. */
export function fileLinksOf(markdown: string): string[] {
  const prose = markdown.replace(/^(`{3,})[\s\S]*?^\1$/gm, '').replace(/`[^`\n]*`/g, '');
  const targets = Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), match => match[1]!.replace(/#.*$/, ''));
  return targets.filter(target => target !== '' && !/^[a-z]+:/i.test(target));
}
