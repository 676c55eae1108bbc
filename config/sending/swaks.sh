#!/bin/sh
# A shipping notice that mailcase files, sent by hand with swaks (tried with 20201014):
#   SMTP_HOST=mail.example.com MAIL_FROM=shop@example.com SUPPORT_MAILBOX=support@example.com \
#     CUSTOMER_EMAIL=asa@example.org sh swaks.sh
set -eu
for name in MAIL_FROM SUPPORT_MAILBOX CUSTOMER_EMAIL; do
    eval "value=\${$name:-}"
    if [ -z "$value" ]; then
        echo "set MAIL_FROM, SUPPORT_MAILBOX and CUSTOMER_EMAIL: $name is empty" >&2
        exit 2
    fi
done
one_line() { printf %s "$1" | tr '\r\n' '  '; }
order=$(one_line "${ORDER:-10423}")
# Through the environment, where no other user of the machine sees it.
[ -z "${SMTP_USER:-}" ] || export SWAKS_OPT_auth_password="$SMTP_PASSWORD"

# swaks encodes nothing: a text as an encoded word (RFC 2047), which holds 45 bytes.
encoded() {
    printf '=?UTF-8?B?%s?=' "$(one_line "$1" | base64 | tr -d '\n')"
}
customer="$(encoded "${CUSTOMER_NAME:-Åsa Öberg}") <$CUSTOMER_EMAIL>"

# The signature of the mail: of its From (the address alone) and of all its x-desk- fields, as people read them, sorted by
# name. The key goes through the environment: as an argument, every user of the machine would see it.
signature() {
    time=$(date +%s)
    nonce=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    mac=$({
        printf 'mailcase-signature-v1\nk=%s\nt=%s\nn=%s\n' "$SIGNING_KEY_ID" "$time" "$nonce"
        printf 'from=%s\n' "$(printf %s "$MAIL_FROM" | tr 'A-Z' 'a-z')"
        printf 'x-desk-case-custom-depot:%s\n' Malmö
        printf 'x-desk-case-external-id:%s\n' "$(printf %s "order-$order" | tr -s ' ')"
        printf 'x-desk-case-labels:%s\n' 'order, shipping'
        printf 'x-desk-case-status:%s\n' resolved
        printf 'x-desk-customer-email:%s <%s>\n' "$(one_line "${CUSTOMER_NAME:-Åsa Öberg}" | tr -s ' ')" "$CUSTOMER_EMAIL"
        printf 'x-desk-interaction-direction:%s\n' out
    } | perl -MDigest::SHA=hmac_sha256_hex -0777 -ne 'print hmac_sha256_hex($_, $ENV{SIGNING_KEY})')
    printf 'v=1; k=%s; t=%s; n=%s; s=%s' "$SIGNING_KEY_ID" "$time" "$nonce" "$mac"
}

send() { # to whom it goes, and more options
    to=$1
    shift
    swaks --silent 2 --server "${SMTP_HOST:-localhost}" --port "${SMTP_PORT:-587}" \
        ${SMTP_USER:+--tls --auth-user "$SMTP_USER"} \
        --from "$MAIL_FROM" --to "$to" \
        --h-To "$customer" \
        --h-Subject "Your order $order is on its way" \
        --body 'Your parcel has left our house.' \
        "$@"
}

send_desk() { # the same with the x-headers
    send "$@" \
        --h-x-desk-customer-email "$customer" \
        --h-x-desk-interaction-direction out \
        --h-x-desk-case-external-id "order-$order" \
        --h-x-desk-case-status resolved \
        --h-x-desk-case-labels 'order, shipping' \
        --h-x-desk-case-custom-depot "$(encoded Malmö)"
}

if [ -n "${SIGNING_KEY:-}" ] && [ -n "${SIGNING_KEY_ID:-}" ]; then
    # trust: hmac. The customer reads the x-headers too, and can change none of them.
    export SIGNING_KEY
    send_desk "$CUSTOMER_EMAIL,$SUPPORT_MAILBOX" --h-x-mailcase-signature "$(signature)"
elif [ -z "${DESK_SECRET:-}" ]; then
    # trust: all. The customer reads the x-headers too. Both are recipients, and only the customer is named: a Bcc.
    send_desk "$CUSTOMER_EMAIL,$SUPPORT_MAILBOX"
else
    # trust: secret. A second message for the mailbox alone: whoever sees the secret can use it. Both have one
    # Message-ID: the customer's answer names it.
    id="<$(date +%s).$$@${MAIL_FROM#*@}>"
    send "$CUSTOMER_EMAIL" --h-Message-Id "$id"
    send_desk "$SUPPORT_MAILBOX" --h-Message-Id "$id" --h-x-our-secret "$DESK_SECRET"
fi
