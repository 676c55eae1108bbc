/** `1 mail`, `2 mails`, `1,200 mails`. @param plural where it is more than an s */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${readableNumber(count)} ${count === 1 ? noun : plural}`;
}

/** `1,200` */
export function readableNumber(count: number): string {
  return count.toLocaleString('en-US');
}

/** `209 bytes`, `1.5 KB`, `3.0 MB` */
export function readableSize(bytes: number): string {
  if (bytes < 1024) return counted(bytes, 'byte');
  const [unit, size] = bytes < 1024 ** 2 ? ['KB', bytes / 1024] : ['MB', bytes / 1024 ** 2];
  return `${size.toFixed(1)} ${unit}`;
}

/** `2026-11-09 08:15`, in UTC, so that it reads the same everywhere. */
export function readableTime(moment: Date): string {
  return moment.toISOString().slice(0, 'yyyy-mm-ddThh:mm'.length).replace('T', ' ');
}

/** `a`, `a and b`, `a, b and c` */
export function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}
