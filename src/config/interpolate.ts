import type { ConfigNode, MapNode } from './document.ts';
import type { Complaint, Finding, Path } from './problems.ts';

/** Where `${…}` takes its values from. */
export interface Sources {
  variable(name: string): string | undefined;
  /** The content of a file, or why it cannot be had. */
  file(name: string): Promise<string | Complaint>;
}

/**
 * Fills in `${NAME}` and `${file:NAME}` in every value, never in a key. What comes in is not looked at again, so a
 * password that happens to hold `${` stays what it is.
 */
export async function interpolate(
  root: MapNode,
  sources: Sources,
): Promise<{ root: MapNode; findings: readonly Finding[] }> {
  const findings: Finding[] = [];
  return { root: { ...root, entries: await fillEntries(root, []) }, findings };

  async function fillEntries(map: MapNode, path: Path): Promise<Map<string, ConfigNode>> {
    const filled = new Map<string, ConfigNode>();
    for (const [key, child] of map.entries) filled.set(key, await fill(child, [...path, key]));
    return filled;
  }

  async function fill(node: ConfigNode, path: Path): Promise<ConfigNode> {
    if (node.kind === 'map') return { ...node, entries: await fillEntries(node, path) };
    if (node.kind === 'list') {
      const items: ConfigNode[] = [];
      for (const [index, item] of node.items.entries()) items.push(await fill(item, [...path, index]));
      return { ...node, items };
    }
    if (node.kind !== 'text') return node;
    const { text, used, complaints } = await interpolateText(node.text, sources);
    findings.push(...complaints.map((complaint) => ({ path, line: node.line, ...complaint })));
    if (complaints.length > 0) return { kind: 'unresolved', line: node.line };
    return { ...node, text, sources: used };
  }
}

/** Fills in one text. */
export async function interpolateText(
  text: string,
  sources: Sources,
): Promise<{ text: string; used: string[]; complaints: Complaint[] }> {
  const used: string[] = [];
  const complaints: Complaint[] = [];
  let filled = '';
  let end = 0;
  for (const match of text.matchAll(/\$\$\{|\$\{([^}]*\})?/g)) {
    filled += text.slice(end, match.index);
    end = match.index + match[0].length;
    if (match[0] === '$${') {
      filled += '${';
      continue;
    }
    const value = await lookUp(match[1]?.slice(0, -1), sources);
    if (typeof value === 'string') {
      used.push(match[0]);
      filled += value;
    } else {
      complaints.push(value);
    }
  }
  return { text: filled + text.slice(end), used, complaints };
}

/** @param reference what stands between the braces; undefined when the closing one is missing */
async function lookUp(reference: string | undefined, sources: Sources): Promise<string | Complaint> {
  if (reference?.startsWith('file:') && reference.length > 'file:'.length) {
    return sources.file(reference.slice('file:'.length));
  }
  if (reference === undefined || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(reference)) {
    // Not quoted: a password may hold these signs by chance.
    return {
      message:
        reference === undefined ? '`${` without its `}`' : 'a `${…}` that is neither a variable nor a file',
      cure: 'write `${NAME}` for the environment, `${file:NAME}` for a file, `$${` for the two signs themselves',
    };
  }
  return (
    sources.variable(reference) ?? {
      message: `the environment variable ${reference} is not set`,
      cure: `set ${reference}, or write \`$\${\` if the two signs themselves are meant`,
    }
  );
}
