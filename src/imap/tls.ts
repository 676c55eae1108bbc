import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as tls from 'node:tls';
import type { Authority } from '../config/connection-schema.ts';
import type { ImapConfig } from '../config/schema.ts';

/** How a connection is encrypted, and who vouched for the server when it was. */
export interface Encryption {
  readonly options: tls.ConnectionOptions;
  /** The file of the authority that vouches for the server; undefined where it is one that Node knows. */
  authority(): string | undefined;
}

/**
 * TLS 1.2 at least, with a certificate that is verified whatever the environment says: NODE_TLS_REJECT_UNAUTHORIZED is
 * for other programs' experiments.
 */
export function encryptionOf({ ca }: Pick<ImapConfig, 'ca'>): Encryption {
  let root: string | undefined;
  const options: tls.ConnectionOptions = {
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    ...(ca && { secureContext: contextFor(ca) }),
    // Called with the whole chain of a certificate that was found right.
    checkServerIdentity: (host, certificate) => {
      root = rootOf(certificate);
      return tls.checkServerIdentity(host, certificate);
    },
  };
  const authority = () => ca?.find((each) => root !== undefined && fingerprintsOf(each).has(root))?.file;
  return { options, authority };
}

/** Reading the hundred and more authorities that Node knows takes longer than the handshake. */
const contexts = new WeakMap<readonly Authority[], tls.SecureContext>();

function contextFor(ca: readonly Authority[]): tls.SecureContext {
  const made = contexts.get(ca);
  if (made) return made;
  const own = ca.flatMap(({ certificates }) => certificates);
  const context = tls.createSecureContext({ minVersion: 'TLSv1.2', ca: [...knownAuthorities(), ...own] });
  contexts.set(ca, context);
  return context;
}

/** Those of NODE_EXTRA_CA_CERTS among them. Node can say so itself from 22.15 on. */
function knownAuthorities(): readonly string[] {
  const { getCACertificates } = tls as { getCACertificates?: () => string[] };
  if (getCACertificates) return getCACertificates();
  const extra = process.env.NODE_EXTRA_CA_CERTS;
  if (!extra) return tls.rootCertificates;
  try {
    return [...tls.rootCertificates, readFileSync(extra, 'utf8')];
  } catch {
    // Node has warned of it at the start, and goes on without.
    return tls.rootCertificates;
  }
}

function rootOf(certificate: tls.PeerCertificate): string | undefined {
  let last = certificate as tls.DetailedPeerCertificate;
  const seen = new Set<string>();
  while (last.issuerCertificate && !seen.has(last.fingerprint256)) {
    seen.add(last.fingerprint256);
    last = last.issuerCertificate;
  }
  return last.fingerprint256;
}

function fingerprintsOf({ certificates }: Authority): Set<string> {
  return new Set(certificates.map((each) => new X509Certificate(each).fingerprint256));
}

/** What OpenSSL and imapflow say of a connection that cannot be trusted helps nobody who does not know it by heart. */
export function tlsCure(code: string, said: string, { ca, tls: mode }: ImapConfig): string {
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || /wrong version number/.test(said)) {
    return ' (the port does not speak TLS at once: try tls: starttls, or port 993)';
  }
  if (mode === 'starttls' && code === 'GREETING_TIMEOUT') {
    return ' (the port may speak TLS at once: try tls: implicit)';
  }
  if (/^STARTTLS_INJECTION$|STARTTLS/.test(`${code} ${said}`)) return STARTTLS_CURE;
  if (code === 'CERT_HAS_EXPIRED') {
    return " (the server's certificate, or that of its authority, has to be renewed; see that the clock of this machine is right)";
  }
  if (code === 'CERT_NOT_YET_VALID') return ' (see that the clock of this machine is right)';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return ' (set imap.host to a name that the certificate is for; nothing else says that it is your server)';
  }
  if (/UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION/.test(code)) {
    return ' (the server speaks no TLS 1.2: it has to be updated)';
  }
  const isUntrusted =
    /SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/.test(code) || /self-signed/.test(said);
  if (!isUntrusted) return '';
  if (ca === undefined) return ' (for an authority of your own, set imap.ca: /path/to/ca.pem)';
  const files = ca.map(({ file }) => file).join(', ');
  return ` (no authority in imap.ca vouches for it, ${files}: give the root certificate of the one that issued it, and see that the server sends those in between)`;
}

const STARTTLS_CURE =
  ' (with tls: starttls nothing is said in the clear, the password least of all: use tls: implicit with port 993 if the server has it; if it had STARTTLS before, somebody on the way may be taking it out)';
