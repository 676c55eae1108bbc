import { afterAll, expect } from 'vitest';

/**
 * Fails a test file that leaves sockets, servers or child processes open: in the daemon each would be a connection
 * that nobody closes.
 */
const WATCHED = ['TCPSocketWrap', 'TCPServerWrap', 'ProcessWrap'];

/** The test runner itself may hold some from the start. */
const atStart = count();

/** A closed socket takes a moment to go. */
const PATIENCE_MS = 3_000;

afterAll(async () => {
  const deadline = Date.now() + PATIENCE_MS;
  while (leaks() !== '' && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(leaks(), 'left open by this test file').toBe('');
});

function leaks(): string {
  const now = count();
  return WATCHED.filter((type) => (now.get(type) ?? 0) > (atStart.get(type) ?? 0)).join(', ');
}

function count(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const type of process.getActiveResourcesInfo()) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}
