/* SPDX-License-Identifier: ISC */
/* The account file, and what is built for an account that it allows. */
#include <arpa/inet.h>
#include <string.h>

#include "account.h"
#include "config.h"
#include "dtcp.h"
#include "fuzz.h"
#include "offer.h"
#include "tunnel.h"
#include "tunnel_lines.h"

static bool name_ok(const char *name, const char *also_bad)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] <= 0x20 || name[i] == 0x7f || strchr(also_bad, name[i]))
			return false;
	return len >= 1 && len <= 15;
}

static void check_numbers(const struct account *a)
{
	MUST(a->port >= 1);
	MUST(a->metric >= 1 && a->metric <= 4294967293u);
	MUST(a->mtu == 0 || (a->mtu >= 1280 && a->mtu <= 65515));
	MUST(a->ttl >= 1);
	MUST(a->ping >= 1 && a->ping <= 240);
	MUST(a->n_lans <= ACCOUNT_LANS && a->n_routes <= ACCOUNT_ROUTES);
	MUST((a->route == ROUTE_LIST) == (a->n_routes > 0));
	MUST(a->type == DTCP_NETWORK || a->n_lans == 0);
}

static void check_names(const struct account *a)
{
	char command[DTCP_COMMAND_MAX];

	MUST(*a->server && *a->user && *a->password);
	MUST(strlen(a->user) <= ACCOUNT_LINE_MAX && !strpbrk(a->user, " \t\r\n"));
	MUST(dtcp_command(command, a->user, (const unsigned char *)"0123456789abcdef", true,
			  a->type) > 0);
	MUST(strchr(command, '\r') == command + strlen(command) - 2);
	MUST(name_ok(a->interface, "/:#\"'\\") && strcmp(a->interface, "sit0") != 0);
	MUST(!*a->link || name_ok(a->link, "/:"));
	for (unsigned i = 0; i < a->n_lans; i++)
		MUST(name_ok(a->lans[i].name, "/:#\"'\\"));
	MUST(!a->script || a->script[0] == '/');
}

static void check_tunnel(const struct account *a)
{
	static struct lines l;
	struct offer o = {.type = a->type, .n_prefixes = a->type == DTCP_NETWORK};
	struct tunnel t;

	o.remote.s_addr = htonl(0xc0000201);
	inet_pton(AF_INET6, "2001:db8::", &o.prefixes[0].addr);
	o.prefixes[0].len = 48;
	inet_pton(AF_INET6, "2001:db8::6", &o.near6);
	inet_pton(AF_INET6, "2001:db8::5", &o.peer6);
	tunnel_plan(&t, a, &o, 1500);
	for (unsigned i = 0; i < t.n_lans; i++)
		t.lans[i].state = LAN_OURS;
	lines_start(&l);
	tunnel_add(&t, &l);
	tunnel_configure(&t, true, &l);
	tunnel_undo(&t, true, true, &l);
	MUST(!l.overflow);
	fuzz_allowed_lines(l.text, a, &o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char interface[IF_NAMESIZE] = "";
	struct account *list;
	unsigned line = 0;

	fuzz_log();
	list = config_parse("file", (const char *)data, size);
	for (struct account *a = list; a; a = a->next) {
		MUST(a->line > line);
		line = a->line;
		check_numbers(a);
		check_names(a);
		MUST(account_equal(a, a));
		if (a->build)
			check_tunnel(a);
	}
	list = config_select(list, NULL, "ppp0", interface);
	for (struct account *a = list; a; a = a->next) {
		MUST(strcmp(a->interface, interface) == 0);
		account_forget_password(a);
		MUST(!*a->password);
	}
	account_free(list);
	return 0;
}
