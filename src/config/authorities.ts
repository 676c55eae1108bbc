import { X509Certificate } from 'node:crypto';
import type { Authority } from './connection-schema.ts';
import { type MapNode, textsIn } from './document.ts';
import type { ReadNamed } from './files.ts';
import { findOption } from './options.ts';
import type { Complaint, Finding } from './problems.ts';

/** 4 MB: the lists of all public authorities have a quarter of a megabyte. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

const OPTIONS = new Set(['mailboxes[].imap.ca', 'mailboxes[].imap.ca[]']);

/**
 * Reads every file that an `imap.ca` names, each once.
 *
 * @returns them by the names that are written, and what is wrong with them, each at its place
 */
export async function readAuthorities(
  root: MapNode,
  read: ReadNamed,
  now = new Date(),
): Promise<{ authorities: ReadonlyMap<string, Authority>; findings: readonly Finding[] }> {
  const files = new Map<string, Authority | Complaint>();
  const findings: Finding[] = [];
  for (const [path, { text: file, line }] of textsIn(root)) {
    if (!OPTIONS.has(findOption(path)?.pattern ?? '') || file.trim() === '') continue;
    const known = files.get(file) ?? (await readAuthority(file, read, now));
    files.set(file, known);
    if ('message' in known) findings.push({ path, line, ...known });
  }
  const good = [...files].flatMap(([name, each]) => ('message' in each ? [] : [[name, each] as const]));
  return { authorities: new Map(good), findings };
}

async function readAuthority(file: string, read: ReadNamed, now: Date): Promise<Authority | Complaint> {
  const bytes = await read(file, { limit: MAX_FILE_BYTES, cureIfMissing: 'create it, or correct the name' });
  if (!Buffer.isBuffer(bytes)) return bytes;
  const found = certificatesIn(bytes, file);
  if ('message' in found) return found;
  const valid = found.filter((each) => new Date(each.validFrom) <= now && new Date(each.validTo) >= now);
  if (valid.length === 0) return outOfDate(file, found, now);
  // A server's certificate that an authority has issued ends no chain, so it would vouch for nothing.
  if (!valid.some((each) => each.ca || each.checkIssued(each))) {
    return {
      message: `the certificate in ${file} is a server's, and not that of the authority that issued it`,
      cure: 'take the certificate of the authority: whoever has issued the one of the server hands it out',
    };
  }
  return { file, certificates: valid.map(String) };
}

/** PEM, with whatever stands around it, or one certificate as DER. */
function certificatesIn(bytes: Buffer, file: string): X509Certificate[] | Complaint {
  const text = bytes.toString('latin1');
  const blocks = text.match(/-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END \1CERTIFICATE-----/g);
  // DER is one ASN.1 sequence of more than 127 bytes (X.690, section 8.1.3).
  const written = blocks ?? (bytes[0] === 0x30 && (bytes[1] ?? 0) > 0x80 ? [bytes] : []);
  const read = written.flatMap((each) => {
    try {
      return [new X509Certificate(each)];
    } catch {
      return [];
    }
  });
  if (written.length > 0 && read.length === written.length) return read;
  const cure = 'give the certificate of the authority as PEM: `-----BEGIN CERTIFICATE-----` and what follows';
  if (written.length > 0) return { message: `a certificate in ${file} cannot be read`, cure };
  const hasKey = text.includes('PRIVATE KEY-----');
  return { message: `there is no certificate in ${file}${hasKey ? ', but a private key' : ''}`, cure };
}

function outOfDate(file: string, certificates: readonly X509Certificate[], now: Date): Complaint {
  const cure = 'put the one that is valid now into the file, and see that the clock of this machine is right';
  const ends = certificates.map(({ validTo }) => new Date(validTo).getTime());
  const begins = certificates.map(({ validFrom }) => new Date(validFrom).getTime());
  const isExpired = Math.max(...ends) < now.getTime();
  const [day] = new Date(isExpired ? Math.max(...ends) : Math.min(...begins)).toISOString().split('T');
  const many = certificates.length > 1;
  const subject = many ? `the certificates in ${file}` : `the certificate in ${file}`;
  return {
    message: isExpired
      ? `${subject} expired on ${day}`
      : `${subject} ${many ? 'are' : 'is'} not valid before ${day}`,
    cure,
  };
}
