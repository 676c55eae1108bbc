/** Why a domain cannot be a company's own: who gets an address there. */
type Reason = 'anybody can have an address there' | 'every customer of the provider has an address there';

const FREE: Reason = 'anybody can have an address there';
const ACCESS: Reason = 'every customer of the provider has an address there';

/** Domains of mail providers, in lower case. Where a provider has one per country, the first label is in BRANDS. */
const DOMAINS: Readonly<Record<Reason, string>> = {
  [FREE]:
    'gmail.com googlemail.com icloud.com me.com mac.com aol.com aol.de aim.com msn.com passport.com ymail.com ' +
    'rocketmail.com yahoo.com proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tuta.com tuta.io ' +
    'tutamail.com fastmail.com fastmail.fm hey.com duck.com mail.com email.com usa.com post.com europe.com zoho.com ' +
    'zohomail.com zohomail.eu inbox.com mailbox.org posteo.de posteo.net web.de gmx.de gmx.net gmx.at gmx.ch gmx.com ' +
    'gmx.fr gmx.co.uk email.de freenet.de mail.de arcor.de t-online.de caramail.com laposte.net libero.it virgilio.it ' +
    'inwind.it tiscali.it alice.it seznam.cz email.cz centrum.cz atlas.cz azet.sk zoznam.sk wp.pl o2.pl onet.pl ' +
    'op.pl interia.pl poczta.fm abv.bg mail.bg freemail.hu citromail.hu mail.ru bk.ru inbox.ru list.ru internet.ru ' +
    'rambler.ru yandex.ru yandex.com ya.ru ukr.net i.ua meta.ua qq.com foxmail.com 163.com 126.com yeah.net ' +
    'sina.com sina.cn sohu.com aliyun.com 139.com 189.cn naver.com daum.net hanmail.net rediffmail.com uol.com.br ' +
    'bol.com.br terra.com.br ig.com.br walla.co.il mailinator.com guerrillamail.com 10minutemail.com yopmail.com ' +
    'sharklasers.com runbox.com startmail.com disroot.org riseup.net hushmail.com lycos.com excite.com',
  [ACCESS]:
    'comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net juno.com ' +
    'optonline.net rogers.com shaw.ca sympatico.ca telus.net btinternet.com btopenworld.com sky.com talktalk.net ' +
    'virginmedia.com ntlworld.com blueyonder.co.uk orange.fr wanadoo.fr free.fr sfr.fr neuf.fr bbox.fr skynet.be ' +
    'telenet.be ziggo.nl kpnmail.nl planet.nl xs4all.nl home.nl chello.nl hetnet.nl bluewin.ch hispeed.ch sunrise.ch ' +
    'a1.net aon.at chello.at kabelbw.de unitybox.de vodafone.de online.de versatel.de telia.com bredband.net ' +
    'comhem.se online.no tele2.se mail.dk sapo.pt telefonica.net movistar.es eircom.net bigpond.com optusnet.com.au ' +
    'xtra.co.nz docomo.ne.jp ezweb.ne.jp softbank.ne.jp nifty.com',
};

/** Providers with a domain in each country: `yahoo.co.jp`, `hotmail.fr`, `outlook.de`. */
const BRANDS = /^(yahoo|hotmail|outlook|live|windowslive|ymail|yandex|gmx)\.(com|co|[a-z]{2})(\.[a-z]{2})?$/;

const REASONS: ReadonlyMap<string, Reason> = new Map(
  Object.entries(DOMAINS).flatMap(([reason, domains]) =>
    domains.split(' ').map((domain) => [domain, reason as Reason] as const),
  ),
);

/**
 * Why a domain is nobody's own.
 *
 * @param domain in lower case, A-labels
 * @returns undefined for a domain that a company can have
 */
export function publicDomainReason(domain: string): Reason | undefined {
  return REASONS.get(domain) ?? (BRANDS.test(domain) ? FREE : undefined);
}
