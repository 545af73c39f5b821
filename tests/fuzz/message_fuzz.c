/* SPDX-License-Identifier: ISC */
/* A session process that was taken over: whatever it sends, the root part
 * builds a tunnel that the contract allows, or none. The first byte chooses
 * the account, the rest is the message. */
#include <stdlib.h>
#include <string.h>

#include "account/account.h"
#include "fuzz.h"
#include "common/log.h"
#include "protocol/msg.h"
#include "common/tunnel.h"
#include "account/account_line.h"
#include "protocol/plan.h"

static const char *const accounts[] = {
	"s 1 u p",
	"s 1 u p lan=eth1,eth2:ffff,eth3:10000 metric=7 ttl=255 mtu=65515",
	"s 1 u p route=2001:db8::/32,fd00::/8 interface=a12345678901234",
	"s 1 u p type=host",
	"s 1 u p type=tunnelonly",
	"s 1 u p type=tunnelonly route=default",
	"s 1 u p route=none lan=eth1:0",
};

static void check_tunnel(const struct account *a, const struct offer *o)
{
	struct tunnel t, moved;
	char why[OFFER_WHY_MAX];
	struct offer again = *o;

	fuzz_allowed_offer(o);
	MUST(offer_check(&again, why) && memcmp(&again, o, sizeof again) == 0);
	plan_tunnel(&t, a->interface, &a->settings, o, &(struct tunnel_link){"wan", 2, 1492});
	for (unsigned i = 0; i < t.n_lans; i++)
		t.lans[i].state = LAN_OURS;
	moved = t;
	moved.local.s_addr = ~t.local.s_addr;
	moved.mtu = 1280;
	MUST(tunnel_same(&t, &moved));
	fuzz_allowed_tunnel(&t, a, o);
	fuzz_allowed_change(&t, true, &moved, false, a, o);
	fuzz_allowed_change(&t, false, &moved, true, a, o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[ACCOUNT_WHY_MAX];
	struct account *a;
	struct msg m;

	if (size < 1)
		return 0;
	fuzz_log();
	memset(&m, 0, sizeof m);
	memcpy(&m, data + 1, size - 1 < sizeof m ? size - 1 : sizeof m);
	m.text[sizeof m.text - 1] = '\0'; /* as msg_recv() does */
	if (!msg_from_session_ok(&m))
		return 0;
	if (m.kind != MSG_OFFER) {
		log_msg(m.kind == MSG_LOG ? m.code : LOG_ERR, "%s", m.text);
		return 0;
	}
	const char *line = accounts[data[0] % (sizeof accounts / sizeof accounts[0])];

	MUST(account_line_parse(line, strlen(line), &a, why) == 1);
	if (m.offer.type == a->type && offer_check(&m.offer, why))
		check_tunnel(a, &m.offer);
	account_free(a);
	return 0;
}
