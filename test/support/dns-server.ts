import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type Answer, decode, encode, RECURSION_DESIRED } from 'dns-packet';

/** How a name is answered: its TXT records, each of any length; or one of the ways in which DNS has none to give. */
export type DnsReply = readonly string[] | 'NXDOMAIN' | 'NODATA' | 'SERVFAIL' | 'REFUSED' | 'silence';

/** A name server of a test's own. */
export interface DnsServer {
  /** As `authentication.dns` takes it. */
  readonly address: string;
  /** Names that were asked for, in lower case and in the order of asking; a question that is asked again counts again. */
  readonly asked: readonly string[];
  /** Says how a name is answered from now on. */
  set(name: string, reply: DnsReply): void;
  /** How every name is answered that nothing was said of; NXDOMAIN to begin with. */
  setAll(reply: DnsReply): void;
  stop(): Promise<void>;
}

/** The codes of RFC 1035, section 4.1.1. */
const RCODES = { NODATA: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;

/** A character-string of a TXT record (RFC 1035, section 3.3) holds no more bytes. */
const LONGEST_STRING = 255;

/** Starts a real name server on a UDP port of the loopback interface. It answers questions for TXT records. */
export async function startDnsServer(replies: Readonly<Record<string, DnsReply>> = {}): Promise<DnsServer> {
  const known = new Map(Object.entries(replies).map(([name, reply]) => [name.toLowerCase(), reply]));
  const asked: string[] = [];
  let others: DnsReply = 'NXDOMAIN';
  const socket = createSocket('udp4');
  socket.on('message', (bytes, from) => {
    const query = decode(bytes);
    const [question] = query.questions ?? [];
    if (question === undefined) return;
    const name = question.name.toLowerCase();
    asked.push(name);
    const reply = known.get(name) ?? others;
    if (reply === 'silence') return;
    const rcode = typeof reply === 'string' ? RCODES[reply] : 0;
    const texts = typeof reply === 'string' || question.type !== 'TXT' ? [] : reply;
    const answers = texts.map(
      (text): Answer => ({ type: 'TXT', name: question.name, ttl: 60, data: strings(text) }),
    );
    const answer = encode({
      ...{ type: 'response', id: query.id ?? 0, questions: [question], answers },
      flags: RECURSION_DESIRED | rcode,
    });
    socket.send(answer, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    set: (name, reply) => {
      known.set(name.toLowerCase(), reply);
    },
    setAll: (reply) => {
      others = reply;
    },
    stop: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function strings(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  const pieces = Math.max(1, Math.ceil(bytes.length / LONGEST_STRING));
  return Array.from({ length: pieces }, (_, i) =>
    bytes.subarray(i * LONGEST_STRING, (i + 1) * LONGEST_STRING),
  );
}
