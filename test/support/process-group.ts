import { readdirSync, readFileSync } from 'node:fs';

/**
 * The processes of a process group, those that bear a name where one is given (Linux only): children of a server that a test has started, told by
 * the kernel, so that no other server's are among them.
 */
export function processesOf(group: number, name?: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      const [command, groupOf] = describe(pid) ?? [];
      return groupOf === group && (name === undefined || command === name);
    });
}

/** A process's name and its group; nothing where it has ended, though nobody may have asked how. */
function describe(pid: number): [command: string, group: number] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // pid (name) state parent group …, and the name may have anything in it.
    const end = stat.lastIndexOf(')');
    const [state, , group] = stat.slice(end + 2).split(' ');
    if (state === 'Z') return undefined;
    return [stat.slice(stat.indexOf('(') + 1, end), Number(group)];
  } catch {
    return undefined;
  }
}
