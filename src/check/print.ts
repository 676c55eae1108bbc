import { harmless } from '../terminal/harmless.ts';
import { type Paint, type PrintOptions, painter, type Style } from '../terminal/style.ts';
import { indented } from '../terminal/width.ts';
import { counted, listed } from '../terminal/words.ts';
import type { CheckReport } from './check.ts';
import type { Finding, Level } from './finding.ts';

const MARKS: Readonly<Record<Level, { sign: string; style: Style }>> = {
  ok: { sign: '✓', style: 'green' },
  warning: { sign: '!', style: 'yellow' },
  problem: { sign: '✗', style: 'red' },
};

/** All findings by section, each with its cure below it, and a line that sums up. */
export function printCheck({ findings, ok }: CheckReport, options: PrintOptions): string {
  const paint = painter(options);
  const sections = [...new Set(findings.map(({ section }) => section))];
  const blocks = sections.map((section) => [
    paint('bold', harmless(section)),
    ...findings
      .filter((finding) => finding.section === section)
      .flatMap((finding) => findingLines(finding, options.width, paint)),
  ]);
  const total = indented(harmless(summaryLine(findings, ok)), '', options.width);
  return [...blocks, total.map((line) => paint(ok ? 'green' : 'red', line))]
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function findingLines({ level, message, cure, details }: Finding, width: number, paint: Paint): string[] {
  const { sign, style } = MARKS[level];
  const [first = '', ...rest] = indented(harmless(message), '    ', width);
  const cureLines = cure === null ? [] : behind('    → ', harmless(cure), width);
  const said = details.flatMap((detail) => behind('      ', harmless(detail), width));
  // A cure that ends with a colon is what stands in the details.
  const parts = cure?.endsWith(':') ? [...cureLines, ...said] : [...said, ...cureLines];
  return [`  ${paint(style, sign)} ${first.trimStart()}`, ...rest, ...parts];
}

/** Text behind a sign, its further lines below its beginning. */
function behind(sign: string, text: string, width: number): string[] {
  const indent = ' '.repeat(sign.length);
  const [first = '', ...rest] = indented(text, indent, width);
  return [sign + first.slice(indent.length), ...rest];
}

function summaryLine(findings: readonly Finding[], ok: boolean): string {
  const count = (level: Level) => findings.filter((finding) => finding.level === level).length;
  const warnings = count('warning');
  const counts = [
    ...(ok ? [] : [counted(count('problem'), 'problem')]),
    ...(warnings > 0 ? [counted(warnings, 'warning')] : []),
  ];
  if (!ok) return `${listed(counts)}: as it is, the daemon would not do all of its work.`;
  return counts.length === 0
    ? 'Nothing is wrong.'
    : `Nothing keeps the daemon from working; ${listed(counts)}.`;
}
