/* SPDX-License-Identifier: ISC */
/* What an account and an offer make of a tunnel, and when two are the same. */
#include "common/tunnel.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/account.h"
#include "account/account_line.h"
#include "protocol/offer.h"
#include "protocol/plan.h"
#include "unit.h"

static struct tunnel plan(const char *words, const char *prefix, unsigned link_mtu)
{
	struct offer o = {.type = DTCP_NETWORK, .n_prefixes = 1, .remote = {htonl(0xc0000201)}};
	char line[512], why[ACCOUNT_WHY_MAX] = "";
	struct account *a;
	struct tunnel t;

	CHECK(prefix_parse(prefix, &o.prefixes[0]));
	snprintf(line, sizeof line, "s 1 u p %s", words);
	if (!CHECK_FOR(words, account_line_parse(line, strlen(line), &a, why) == 1)) {
		printf("%s\n", why);
		abort();
	}
	unit_log_clear();
	plan_tunnel(&t, a->interface, &a->settings, &o, &(struct tunnel_link){"wan", 2, link_mtu});
	account_free(a);
	return t;
}

static void auto_mtu(void)
{
	CHECK_INT(tunnel_auto_mtu(1500), 1480);
	CHECK_INT(tunnel_auto_mtu(1492), 1472);
	CHECK_INT(tunnel_auto_mtu(1501), 1480);
	CHECK_INT(tunnel_auto_mtu(9000), 1480);
	CHECK_INT(tunnel_auto_mtu(65535), 1480);
	CHECK_INT(tunnel_auto_mtu(1300), 1280);
	CHECK_INT(tunnel_auto_mtu(1301), 1281);
	CHECK_INT(tunnel_auto_mtu(1299), 1280);
	CHECK_INT(tunnel_auto_mtu(576), 1280);
	CHECK_INT(tunnel_auto_mtu(1), 1280);
	CHECK_INT(tunnel_auto_mtu(4294967295u), 1480);
}

static void planned_mtu(void)
{
	CHECK_INT(plan("", "2001:db8::/48", 1492).mtu, 1472);
	CHECK_INT(plan("mtu=auto", "2001:db8::/48", 1492).mtu, 1472);
	CHECK_INT(plan("mtu=1400", "2001:db8::/48", 1300).mtu, 1400);
	CHECK_INT(plan("mtu=65515", "2001:db8::/48", 1300).mtu, 65515);
}

static void subnet_too_large(void)
{
	struct tunnel t = plan("lan=eth1:f,eth2:10,eth3:1", "2001:db8:1:10::/60", 1500);

	CHECK_INT(t.n_lans, 2);
	CHECK_STR(t.lans[1].name, "eth3");
	CHECK_HAS(unit_log(), "4 ");
	CHECK_HAS(unit_log(), "eth2");
	CHECK_HAS(unit_log(), "10");
	CHECK_HAS(unit_log(), "2001:db8:1:10::/60");
	plan("lan=eth1:f", "2001:db8:1:10::/60", 1500);
	CHECK_STR(unit_log(), "");
}

static bool same(const char *words, const char *other)
{
	struct tunnel a = plan(words, "2001:db8::/48", 1500);
	struct tunnel b = plan(other, "2001:db8::/48", 1500);

	CHECK_INT(tunnel_same(&a, &b), tunnel_same(&b, &a));
	return tunnel_same(&a, &b);
}

static void sameness(void)
{
	static const char *const words[] = {
		"", "interface=t", "ttl=9", "metric=9", "route=none", "route=fd00::/8",
		"route=fd00::/9", "lan=a", "lan=b", "lan=a:1", "lan=a,b",
	};
	size_t n = sizeof words / sizeof words[0];
	struct tunnel a, b;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++)
			CHECK_FOR(words[i], same(words[i], words[k]) == (i == k));
	CHECK(same("mtu=1400", "mtu=1300")); /* a move can change it */
	a = b = plan("", "2001:db8::/48", 1500);
	b.local.s_addr = htonl(1); /* as well as the near end */
	CHECK(tunnel_same(&a, &b));
	b.remote.s_addr = htonl(1);
	CHECK(!tunnel_same(&a, &b));
	b = plan("", "2001:db8::/47", 1500);
	CHECK(!tunnel_same(&a, &b));
	b = a;
	b.type = DTCP_TUNNELONLY;
	CHECK(!tunnel_same(&a, &b));
	b = a;
	b.near6.s6_addr[15] = 1;
	CHECK(!tunnel_same(&a, &b));
	b = a;
	b.peer6.s6_addr[15] = 1;
	CHECK(!tunnel_same(&a, &b));
}

static const struct unit_case cases[] = {
	{"the MTU is the link's less 20, from 1280 to 1480", auto_mtu},
	{"an MTU of the account is taken as it is", planned_mtu},
	{"a subnet that does not fit is a warning that names both", subnet_too_large},
	{"tunnels are the same but for near end and MTU", sameness},
};
UNIT_MAIN(cases)
